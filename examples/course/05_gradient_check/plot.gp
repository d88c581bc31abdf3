# SPDX-License-Identifier: MIT
# The error of central differences against h, in double and in float: h^2 from above, rounding over h from below.
set terminal svg size 760,460 background "white" font "sans,13"
set output "figure.svg"
set datafile separator ","
set logscale xy
set format x "10^{%T}"
set format y "10^{%T}"
set xlabel "h"
set ylabel "relative distance to the backward pass"
set xrange [5e-10:0.2]
set yrange [1e-11:10]
set grid linecolor rgb "#dddddd"
set border 3
set tics nomirror
set key outside above center vertical samplen 1.5
file = "data.csv"
plot 3.5 * x**2 linecolor rgb "#999999" dashtype 2 title "∝ h^2", \
     2.8e-15 / x linecolor rgb "#999999" dashtype 3 title "∝ 1 / h", \
     file using 1:2 with linespoints linewidth 2 pointtype 7 pointsize 0.5 linecolor rgb "#1f5fa8" title "double", \
     file using 1:3 with linespoints linewidth 2 pointtype 7 pointsize 0.5 linecolor rgb "#d1660f" title "float"
