# SPDX-License-Identifier: MIT
# The loss of a pair, -log sigmoid(z), and its slope, -sigmoid(-z), against z = beta h.
set terminal svg size 760,460 background "white" font "sans,13"
set output "figure.svg"
set xlabel "z = βh, the difference of the implied rewards"
set xrange [-6:6]
set yrange [-1.4:6.4]
set samples 401
set grid linecolor rgb "#dddddd"
set border 3
set tics nomirror
set xzeroaxis linecolor rgb "#888888"
set key outside above center vertical samplen 1.5
loss(z) = z > 0 ? log(1 + exp(-z)) : -z + log(1 + exp(z))
slope(z) = -1 / (1 + exp(z))
set label 1 "policy = reference:\nloss log 2, slope −1/2" at 0.35,1.9 left
set label 2 "wrong way round:\nslope near −1" at -5.8,0.95 left
set label 3 "told apart:\nslope near 0" at 3.4,0.95 left
plot loss(x) linewidth 2 linecolor rgb "#1f5fa8" title "loss, −log σ(z)", \
     slope(x) linewidth 2 linecolor rgb "#c0392b" title "its derivative by z, −σ(−z)", \
     "+" using (0):(log(2)) every ::0::0 with points pointtype 7 pointsize 0.7 linecolor rgb "#1f5fa8" notitle, \
     "+" using (0):(-0.5) every ::0::0 with points pointtype 7 pointsize 0.7 linecolor rgb "#c0392b" notitle
