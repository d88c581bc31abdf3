# SPDX-License-Identifier: MIT
# Reward against divergence over the coefficient, all points shown, and what the learning rate does to the divergence.
set terminal svg size 820,470 background "white" font "sans,13"
set output "figure.svg"
set datafile separator ","
set multiplot layout 1,2
set grid linecolor rgb "#dddddd"
set border 3
set tics nomirror
set key outside above center vertical samplen 1.5
of(name, column_name) = strcol("method") eq name ? column(column_name) : NaN
names = "\"DPO\" \"reward model + PPO\" \"true reward + PPO\""
colors = "#c0392b #2c6fbb #7f8c8d"

set xlabel "KL(policy ‖ reference), nats"
set ylabel "reward above the reference's"
set logscale xy
set xrange [0.4:35]
set yrange [1:16]
set xtics (0.5, 1, 2, 5, 10, 20)
set ytics (1, 2, 3, 4, 6, 8, 12, 16)
# Points, not a line: along DPO's coefficients both axes turn back.
plot for [i = 1:3] "data_frontier.csv" \
       using (of(word(names, i), "kl")):(column("reward")):(column("kl_sd")):(column("reward_sd")) \
       with xyerrorbars linewidth 2 pointtype 7 linecolor rgb word(colors, i) title word(names, i)

set xlabel "learning rate"
set ylabel "KL(policy ‖ reference), nats"
unset logscale y
set format x "10^{%L}"
set xtics auto
set ytics auto
set xrange [5e-5:6e-2]
set yrange [0:12]
plot for [i = 1:2] "data_rates.csv" \
       using (of(word(names, i), "rate")):(column("kl")):(column("kl_sd")) with yerrorlines \
       linewidth 2 pointtype 7 linecolor rgb word(colors, i) title word(names, i)
unset multiplot
