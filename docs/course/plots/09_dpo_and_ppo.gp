# SPDX-License-Identifier: MIT
# The frontier of reward and divergence, and what the learning rate does to it.
set terminal svg size 760,420 background "white" font "sans,13"
set output "../figures/09_dpo_and_ppo.svg"
set datafile separator ","
set multiplot layout 1,2
set grid linecolor rgb "#dddddd"
set border 3
set tics nomirror
of(name, column_name) = strcol("method") eq name ? column(column_name) : NaN

set title "coefficients 0.03 to 1"
set xlabel "KL(policy || reference), nats"
set ylabel "reward above the reference's"
set xrange [0:8]
set yrange [0:6.5]
set key top left
plot for [i = 1:3] "09_dpo_and_ppo_frontier.csv" \
       using (of(word("\"DPO\" \"reward model + PPO\" \"true reward + PPO\"", i), "kl")):(column("reward")): \
             (column("kl_sd")):(column("reward_sd")) with xyerrorlines linewidth 2 pointtype 7 \
       linecolor rgb word("#c0392b #2c6fbb #7f8c8d", i) title word("\"DPO\" \"reward model + PPO\" \"true reward + PPO\"", i)

set title "learning rates, coefficient 0.3"
set xlabel "learning rate"
set ylabel "KL(policy || reference), nats"
set logscale x
set format x "10^{%L}"
set xrange [5e-5:6e-2]
set yrange [0:12]
plot for [i = 1:2] "09_dpo_and_ppo_rates.csv" \
       using (of(word("\"DPO\" \"reward model + PPO\"", i), "rate")):(column("kl")):(column("kl_sd")) with yerrorlines \
       linewidth 2 pointtype 7 linecolor rgb word("#c0392b #2c6fbb", i) title word("\"DPO\" \"reward model + PPO\"", i)
unset multiplot
