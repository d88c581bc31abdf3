# Reward against the distance from the writer, a curve a reference, betas 0.1, 1 and 3 from the right; the rows of one beta are the lesson's nine settings.
set terminal svg size 860,420 background "white" font "sans,13"
set output "figure.svg"
set datafile separator ","
set xlabel "KL(policy ‖ writer of the pairs), nats"
set ylabel "true reward over the writer's"
set xrange [0:8.5]
set yrange [0:6.5]
set grid
set key outside right center samplen 1.5
file = "data.csv"
set style data xyerrorlines
plot file every 9::0 skip 1 using 2:4:3:5 lw 1 pt 7 ps 0.9 lc rgb "#3060b0" title "the writer", \
     file every 9::5 skip 1 using 2:4:3:5 lw 1 pt 7 ps 0.9 lc rgb "#308040" title "of another world, tuned", \
     file every 9::1 skip 1 using 2:4:3:5 lw 1 pt 7 ps 0.9 lc rgb "#d08020" title "uniform", \
     file every 9::3 skip 1 using 2:4:3:5 lw 1 pt 7 ps 0.9 lc rgb "#909090" title "the writer, sharpened", \
     file every 9::2 skip 1 using 2:4:3:5 lw 1 pt 7 ps 0.9 lc rgb "#b03060" title "of another world", \
     file every 9::7 skip 1 using 2:4:3:5 lw 1 pt 6 ps 0.9 lc rgb "#b03060" title "of another world, follows"
