# Expected reward against divergence: the closed form over beta, and random policies below it.
set terminal svg size 760,460 background "white" font "sans,13"
set datafile separator ","
set output "figure.svg"
set xlabel "KL(policy ‖ reference), nats"
set ylabel "expected reward"
set key outside above center vertical samplen 1.5
set grid
set xrange [0:3]
set yrange [-0.6:2.3]
of_seed(s) = sprintf("< awk -F, '$1 == %d' data.csv", s)
plot "data_random.csv" using 1:2 with points pointtype 7 pointsize 0.25 linecolor "#888888" \
       title "random policies, first seed", \
     for [s=2:10] of_seed(s) using 3:4 smooth mcsplines linecolor "#b5cfea" \
       title (s == 2 ? "closed form, the nine other seeds" : ""), \
     of_seed(1) using 3:4 smooth mcsplines linewidth 2 linecolor "#1f5fa8" title "closed form over beta, first seed", \
     of_seed(1) using 3:4:(sprintf("%g", $2)) with labels point pointtype 7 \
       pointsize 0.5 offset 0,0.8 textcolor "#1f5fa8" notitle
