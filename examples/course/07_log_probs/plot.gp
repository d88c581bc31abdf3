# Steps that count up in an answer, against training steps, for prompts masked and read. Rows: a bigram and a GPT-2 in
# turns, 4 training lengths; the rows behind those are of other losses.
set terminal svg size 760,460 background "white" font "sans,13"
set output "figure.svg"
set datafile separator ","
set logscale xy
set xlabel "training steps"
set ylabel "steps that count up, in an answer"
set xrange [25:1250]
set yrange [0.005:30]
set xtics (30, 100, 300, 1000)
set grid
set key outside above center vertical samplen 1.5
file = "data.csv"
set style data yerrorlines
plot file every 2::0::7 skip 1 using 1:4:5 lw 1.5 pt 7 ps 0.8 lc rgb "#b03060" title "bigram, prompts read", \
     file every 2::1::7 skip 1 using ($1*1.03):4:5 lw 1.5 pt 7 ps 0.8 lc rgb "#3060b0" title "GPT-2, prompts read", \
     file every 2::0::7 skip 1 using ($1*0.97):2:3 lw 1.5 pt 6 ps 0.8 lc rgb "#b03060" title "bigram, masked", \
     file every 2::1::7 skip 1 using 1:2:3 lw 1.5 pt 6 ps 0.8 lc rgb "#3060b0" title "GPT-2, masked"
