# SPDX-License-Identifier: MIT
# Promised and earned reward against the number of pairs, for few and many passes over them, at the lowest price.
set terminal svg size 760,460 background "white" font "sans,13"
set output "figure.svg"
set datafile separator ","
set multiplot layout 1,2
set logscale x
set xlabel "labelled pairs"
set ylabel "mean reward above the reference's"
set xrange [70:4300]
set xtics (100, 300, 1000, 3000)
set yrange [0:7.5]
set grid linecolor rgb "#dddddd"
set border 3
set tics nomirror
set key outside above center vertical samplen 1.5
of(passes, name) = column("passes") == passes && column("kl_coef") == 0.03 ? column(name) : NaN
file = "data.csv"
do for [passes in "10 30"] {
  plot file using (column("pairs") * 0.96):(of(passes + 0, "promised")):(column("promised_sd")) with yerrorlines \
         linecolor rgb "#9bbcdd" linewidth 2 pointtype 7 title "promised, ".passes." passes", \
       file using (column("pairs") * 1.04):(of(passes + 0, "earned")):(column("earned_sd")) with yerrorlines \
         linecolor rgb "#c0392b" linewidth 2 pointtype 7 title "earned, ".passes." passes"
}
unset multiplot
