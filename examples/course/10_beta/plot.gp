# Divergence and true reward against beta. The first column says the way to train, and the ways take turns in the rows:
# 0 descent, 1 Adam 30 steps, 2 Adam 300 steps, 3 Adam long, 4 Adam long with 100 pairs.
set terminal svg size 800,480 background "white" font "sans,13"
set output "figure.svg"
set datafile separator ","
set multiplot layout 1,2
set logscale x
set xlabel "β"
set xrange [0.007:4.5]
set xtics (0.01, 0.03, 0.1, 0.3, 1, 3)
set grid
file = "data.csv"

set logscale y
set format y "10^{%T}"
set yrange [1e-5:30]
set ylabel "KL(policy ‖ reference), nats"
set key outside above center vertical samplen 1.5
plot file every 5::3 skip 1 using 2:3:4 with yerrorlines lw 1.5 pt 7 ps 0.6 lc rgb "#b03060" title "Adam, long", \
     file every 5::2 skip 1 using 2:3:4 with yerrorlines lw 1.5 pt 7 ps 0.6 lc rgb "#d08020" title "Adam, 300 steps", \
     file every 5::1 skip 1 using 2:3:4 with yerrorlines lw 1.5 pt 7 ps 0.6 lc rgb "#308040" title "Adam, 30 steps", \
     file every 5::0 skip 1 using 2:3:4 with yerrorlines lw 1.5 pt 7 ps 0.6 lc rgb "#3060b0" title "descent, 30 steps"

unset logscale y
set format y "%g"
set yrange [0:8.5]
set ylabel "true reward over the reference's"
set key top right
plot file every 5::3 skip 1 using 2:5:6 with yerrorlines lw 1.5 pt 7 ps 0.6 lc rgb "#b03060" title "Adam, long, 500 pairs", \
     file every 5::2 skip 1 using ($2*1.06):5:6 with yerrorlines lw 1.5 pt 7 ps 0.6 lc rgb "#d08020" title "Adam, 300 steps, 500 pairs", \
     file every 5::4 skip 1 using ($2*1.12):5:6 with yerrorlines lw 1.5 pt 7 ps 0.6 lc rgb "#606060" title "Adam, long, 100 pairs"
unset multiplot
