# SPDX-License-Identifier: MIT
# Promised and earned reward against divergence, for the fewest and the most pairs.
set terminal svg size 760,420 background "white" font "sans,13"
set output "../figures/01_why_rlhf_is_hard.svg"
set datafile separator ","
set multiplot layout 1,2
set xlabel "KL(policy || reference), nats"
set ylabel "reward above the reference's"
set xrange [0:6.5]
set yrange [0:6.5]
set grid linecolor rgb "#dddddd"
set border 3
set tics nomirror
set key top left
of(pairs, column_name) = column("pairs") == pairs ? column(column_name) : NaN
file = "01_why_rlhf_is_hard.csv"
do for [pairs in "100 3000"] {
  set title pairs." labelled pairs"
  plot file using (of(pairs + 0, "kl")):(column("promised")):(column("promised_sd")) with yerrorlines \
         linecolor rgb "#9bbcdd" linewidth 2 pointtype 7 title "promised", \
       file using (of(pairs + 0, "kl")):(column("earned")):(column("earned_sd")) with yerrorlines \
         linecolor rgb "#c0392b" linewidth 2 pointtype 7 title "earned"
}
unset multiplot
