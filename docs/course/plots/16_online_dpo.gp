# SPDX-License-Identifier: MIT
# Reward against the number of judgements, by where the pairs come from.
set terminal svg size 760,420 background "white" font "sans,13"
set output "../figures/16_online_dpo.svg"
set datafile separator ","
set grid linecolor rgb "#dddddd"
set border 3
set tics nomirror
set key top left
set logscale x 2
set xrange [450:9000]
set xtics (500, 1000, 2000, 4000, 8000)
set xlabel "judged pairs"
set ylabel "reward above the reference's"
names = "\"offline\" \"online: noisy people\" \"online: true reward\" \"online: reward model\""
of(name, column_name) = strcol("method") eq name ? column(column_name) : NaN
plot for [i = 1:4] "16_online_dpo_table.csv" using (of(word(names, i), "judged")):(column("reward")):(column("reward_sd")) \
       with yerrorlines linewidth 2 pointtype 7 linecolor rgb word("#7f8c8d #c0392b #27ae60 #2c6fbb", i) title word(names, i)
