# SPDX-License-Identifier: MIT
# If you include one loss, you pay for one loss: no loss's header, and nothing of the trainer, leads to another loss
# that it is not made of.
set -euo pipefail
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$project/include"

# A loss is a header whose struct has a name. weighted_sum, wpo and the like are made of losses that they do not name.
losses=$(grep -lE 'static constexpr std::string_view name = ' prefopt/loss/*.hpp)
[[ $(wc -w <<<"$losses") -ge 30 ]] || { echo "only these losses: $losses" >&2; exit 1; }
failures=0
made_of_dpo="prefopt/loss/aot.hpp prefopt/loss/aot_unpaired.hpp prefopt/loss/tdpo.hpp"
for header in $losses prefopt/loss/any_loss.hpp prefopt/train/trainer.hpp prefopt/train/evaluate_every.hpp; do
  included=$("${CXX:-c++}" -std=c++20 -x c++ -I . -MM "$header" | tr ' \\' '\n\n' | sed 's|^\./||' | sort -u)
  others=$(comm -12 <(sort <<<"$losses") <(echo "$included") | grep -vx "$header" || true)
  [[ $made_of_dpo != *$header* ]] || others=${others/#prefopt\/loss\/dpo.hpp/}
  [[ -z $others ]] || { echo "FAILED: $header includes" $others >&2; failures=1; }
done
exit $failures
