# SPDX-License-Identifier: MIT
# Draws curves.svg from sft/metrics.jsonl, dpo/metrics.jsonl and dpo/eval.jsonl under the working directory.

# The steps and the values of one member of a log's lines, as columns.
field(log, member) = sprintf("< sed -nE 's,.*\"step\":([0-9]+).*\"%s\":([-+.0-9e]+).*,\\1 \\2,p' %s", member, log)

train = "dpo/metrics.jsonl"
held_out = "dpo/eval.jsonl"

set terminal svg size 960,640 background "white" font "sans,13"
set output "curves.svg"
set multiplot layout 2,2
set grid linecolor rgb "#dddddd"
set border 3
set tics nomirror out
set xlabel "step"
set style line 1 linecolor rgb "#9bbcdd" linewidth 1
set style line 2 linecolor rgb "#c0392b" linewidth 2 pointtype 7 pointsize 0.5

set key top right
set title "Supervised fine-tuning: negative log-likelihood of a token"
plot field("sft/metrics.jsonl", "loss") with lines linestyle 1 title "train"

set title "DPO: loss"
set yrange [0:]
plot field(train, "loss") with lines linestyle 1 title "train", \
     field(held_out, "eval_loss") with linespoints linestyle 2 title "held out"

set key bottom right
set title "DPO: reward accuracy"
set yrange [0:1.02]
plot field(train, "rewards/accuracies") with lines linestyle 1 title "train", \
     field(held_out, "eval_rewards/accuracies") with linespoints linestyle 2 title "held out"

set title "DPO: reward margin"
set yrange [*:*]
plot field(train, "rewards/margins") with lines linestyle 1 title "train", \
     field(held_out, "eval_rewards/margins") with linespoints linestyle 2 title "held out"

unset multiplot
