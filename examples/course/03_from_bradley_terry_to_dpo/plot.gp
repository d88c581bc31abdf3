# Distance to the optimum of the true reward against pairs, for both ways.
set terminal svg size 760,460 background "white" font "sans,13"
set datafile separator ","
set output "figure.svg"
set xlabel "preference pairs"
set ylabel "distance to the true optimum\n(total variation, mean over prompts)"
set key outside above center vertical samplen 1.5
set grid
set logscale xy 2
set xrange [40:2000]
set yrange [0.01:0.8]
set xtics (50, 100, 200, 400, 800, 1600)
set ytics (0.02, 0.05, 0.1, 0.2, 0.5)
data = "data.csv"
stats data using (log($2) + 0.5 * log($1)) nooutput
plot exp(STATS_mean) / sqrt(x) linecolor "#999999" dashtype 2 title "as 1 / sqrt(pairs)", \
     data using ($1 * 0.97):2:3 with yerrorbars pointtype 7 linewidth 2 linecolor "#1f5fa8" \
       title "reward model, then its optimal policy", \
     data using ($1 * 1.03):4:5 with yerrorbars pointtype 6 linewidth 2 linecolor "#d1660f" title "DPO"
