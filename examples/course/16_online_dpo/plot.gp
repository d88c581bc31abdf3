# SPDX-License-Identifier: MIT
# Reward against the number of judgements and against the divergence, by where the pairs come from.
set terminal svg size 860,470 background "white" font "sans,13"
set output "figure.svg"
set datafile separator ","
set multiplot layout 1,2
set grid linecolor rgb "#dddddd"
set border 3
set tics nomirror
set key outside above center vertical samplen 1.5
names = "\"offline\" \"online: noisy people\" \"online: true reward\" \"online: reward model\""
colors = "#7f8c8d #c0392b #27ae60 #2c6fbb"
of(name, column_name) = strcol("method") eq name ? column(column_name) : NaN
file = "data_table.csv"
set ylabel "reward above the reference's"
set yrange [0:15]
set logscale x 2
set xrange [450:9000]
set xtics (500, 1000, 2000, 4000, 8000)
set xlabel "judged pairs"
plot for [i = 1:4] file using (of(word(names, i), "judged")):(column("reward")):(column("reward_sd")) \
       with yerrorlines linewidth 2 pointtype 7 pointsize 0.7 linecolor rgb word(colors, i) title word(names, i)
unset logscale x
set xrange [0:32]
set xtics 5
set xlabel "KL(policy ‖ reference), nats"
plot for [i = 1:4] file using (of(word(names, i), "kl")):(column("reward")):(column("reward_sd")) \
       with yerrorlines linewidth 2 pointtype 7 pointsize 0.7 linecolor rgb word(colors, i) title word(names, i)
unset multiplot
