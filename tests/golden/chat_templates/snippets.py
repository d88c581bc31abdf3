# SPDX-License-Identifier: MIT
"""Small templates, one for each construct, filter, test, method, rule of white space and of scopes.

make_golden.py renders them with VARIABLES. Where a group has a pattern, {} stands for each entry.
"""

VARIABLES = {
    "n": 7, "zero": 0, "neg": -3, "f": 2.5, "t": True, "no": False, "nothing": None, "empty": "",
    "s": "Hello, World", "u": "Größe – 你好 🎉 İßΣ ΑΣ", "sp": "  \t padded\n ", "html": "<a href='x'>\"&\"</a>",
    "xs": [3, 1, 2], "ys": ["b", "A", "c", "a"], "mixed": [1, "a", None, True, 2.5, [1], {"k": "v"}], "none_list": [],
    "d": {"b": 1, "a": 2, "C": 3}, "nested": {"x": {"y": {"z": [10, 20, {"w": "deep"}]}}},
    "shadow": {"items": "mine", "keys": 5, "get": "g", "other": 1},
    "people": [{"name": "Ann", "age": 30, "city": "Rome"}, {"name": "bob", "age": 25, "city": "Oslo"},
               {"name": "Cid", "city": "Rome", "tags": ["x", "y"]}],
    "quotes": ["it's", "say \"hi\"", "both ' and \"", "tab\tnew\nline\\", "é\u00a0\u200b\u0007\U0001F600\U000E0001"],
    "lines": "one\ntwo\r\nthree\rfour\u2028five\n", "big": 9007199254740993, "floats": [0.1, 1e16, 1e-5, 123456789.125, -0.0, 1e300],
    "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}],
    "date": "20 Jul", "under": {"_a": 1, "__class__": "c"},
}

OUTPUT = """
{{ n }}|{{ f }}|{{ t }}|{{ no }}|{{ nothing }}|{{ s }}|{{ empty }}|{{ missing }}
{{ xs }}|{{ mixed }}|{{ d }}|{{ nested }}
{{ quotes }}
{{ quotes[4] }}
{{ floats }}
{{ floats[0] }} {{ floats[1] }} {{ floats[2] }} {{ floats[3] }} {{ floats[4] }}
{{ 1.0 }} {{ 1e3 }} {{ 1.5e-7 }} {{ 1_000 }} {{ 0x1F }} {{ 0b11 }} {{ 0o17 }} {{ 100000000000000000.0 }} {{ 123456789012345.0 }}
{{ 'single' }} {{ "double" }} {{ 'a' 'b' "c" }} {{ 'esc\\n\\t\\\\\\x41\\u00e9\\U0001F600\\q\\101' }}
{{ (1, 2) }} {{ (1,) }} {{ () }} {{ 1, 2 }} {{ [1, 'a', none] }} {{ [] }} {{ {} }} {{ {'a': 1, 2: [3], none: true} }}
{{ true }} {{ True }} {{ false }} {{ False }} {{ none }} {{ None }}
{{ {'a': {}} }}
{{ big }} {{ big + 1 }}
{{ "it's" }} {{ ["it's"] }} {{ ['"'] }}
{{ 5 // 2 }} {{ -5 // 2 }} {{ 5 % 3 }} {{ -5 % 3 }} {{ 5 % -3 }} {{ 5.5 // 2 }} {{ -5.5 % 2 }} {{ 6 / 3 }} {{ 1 / 3 }}
{{ 2 ** 10 }} {{ 2 ** -1 }} {{ 2 ** 3 ** 2 }} {{ -2 ** 2 }} {{ 2.0 ** 0.5 }} {{ 0 ** 0 }}
{{ 1 + 2 * 3 - 4 }} {{ (1 + 2) * 3 }} {{ 7 - 2 - 1 }} {{ 2 * 3 % 4 }} {{ 1 - -1 }} {{ - - 1 }} {{ +n }} {{ -f }} {{ -t }}
{{ 1 + 2.5 }} {{ true + 1 }} {{ 'a' + 'b' }} {{ [1] + [2] }} {{ (1,) + (2,) }} {{ 'ab' * 3 }} {{ 2 * 'x' }} {{ [0] * 3 }} {{ 'a' * -1 }} {{ 'a' * true }}
{{ 'a' ~ 1 ~ none ~ 2.0 ~ missing ~ [1] }} {{ 1 ~ 2 + 3 }} {{ 1 + 2 ~ 3 }}
{{ 1 < 2 }} {{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1.0 }} {{ 1 == true }} {{ '1' == 1 }} {{ none == none }} {{ missing == missing2 }} {{ missing == none }}
{{ 'a' < 'b' }} {{ 'Z' < 'a' }} {{ [1, 2] < [1, 3] }} {{ [1] < [1, 0] }} {{ (1, 2) == (1, 2) }} {{ [1, 2] == (1, 2) }} {{ {'a': 1, 'b': 2} == {'b': 2, 'a': 1} }}
{{ 1 != 2 }} {{ 2 >= 2 }} {{ 2.5 > 2 }} {{ 'a' != 'a' }} {{ xs == [3, 1, 2] }}
{{ 1 in xs }} {{ 5 in xs }} {{ 5 not in xs }} {{ 'ell' in s }} {{ 'a' in d }} {{ '' in '' }} {{ none in mixed }} {{ 1 in missing }} {{ [1] in mixed }}
{{ not 1 }} {{ not missing }} {{ not '' }} {{ not [] }} {{ not not 5 }} {{ not none and true }}
{{ 1 and 2 }} {{ 0 and 2 }} {{ 0 or 'x' }} {{ 1 or 2 }} {{ missing or 'default' }} {{ '' or none }} {{ none and 1 }}
{{ 'yes' if t else 'no' }} {{ 'yes' if no }}| {{ 1 if no else 2 if no else 3 }} {{ ('a' if t else 'b') ~ 'c' }}
{{ s[0] }} {{ s[-1] }} {{ s[1:4] }} {{ s[:5] }} {{ s[-5:] }} {{ s[::2] }} {{ s[::-1] }} {{ s[10:2:-3] }} {{ s[100:] }} {{ s[100] }}
{{ xs[0] }} {{ xs[-1] }} {{ xs[1:] }} {{ xs[:-1] }} {{ xs[::-1] }} {{ xs[5:] }} {{ xs[-100:2] }} {{ xs[2:0:-1] }} {{ (1, 2, 3)[::2] }} {{ xs[5] }} {{ xs[none:2] }}
{{ u[0:3] }} {{ u[2] }} {{ u[::-1] }} {{ u[-6:] }} {{ u|length }}
{{ xs.0 }} {{ nested.x.y.z.2.w }} {{ nested['x']['y']['z'][2]['w'] }} {{ nested.x['y'].z[0] }} {{ d.b }} {{ d['C'] }} {{ d.nope }} {{ d['nope'] }}
{{ shadow.items is callable }} {{ shadow['items'] }} {{ shadow.other }} {{ shadow['keys'] }} {{ d['keys'] is callable }}
{{ {1: 'int'}[1] }} {{ {1: 'int'}[1.0] }} {{ {true: 'x'}[1] }} {{ {(1, 2): 't'}[(1, 2)] }}
{{ {'a': 1, 'a': 2} }} {{ {1: 'a', true: 'b'} }}
{{ [1, 2,] }} {{ {'a': 1,} }} {{ (1, 2,) }}
{{ messages[0].role }} {{ messages[-1]['content'] }} {{ messages | length }}
{{ xs is defined and xs | length > 2 }} {{ (n + 1) | string + 'x' }} {{ n|string|length }} {{ -n|abs }} {{ (-n)|abs }} {{ n - 10|abs }}
{{ 'a'.upper() }} {{ 'a' .upper() }} {{ ('a' ~ 'b').upper() }} {{ ['x'].index('x') }}
{{ '%s is %d years, %5.2f, %-5s|%05d|%x|%e|%g|%%|%r' % ('Ann', 30, 2.5, 'ab', 42, 255, 12345.678, 0.0001, 'q') }}
{{ '%s' % 'one' }} {{ '%s' % [1] }} {{ '%(a)s-%(b)d' % {'a': 'x', 'b': 3} }} {{ '%s' % missing }} {{ '%5s|%-5s|%.2s' % ('a', 'b', 'long') }} {{ '%+d % d %i' % (5, 5, 6) }} {{ '%c' % 'x' }}
{{ undefined_name.x is undefined if no else 'ok' }}
{{ none is none }} {{ 1.5 | int }} {{ 1 is number }}
{% print 'printed' %} {% print 1, 2 %}
{{ 1 if 0 else '' }}|{{ '' if 0 }}|
{{ [1,2,3][1] }} {{ {'a': [1, 2]}['a'][1] }} {{ 'abc'[1] }} {{ 'abc'[-1:] }}
{{ loop is defined }} {{ range(3) }} {{ range(1, 10, 3) | list }} {{ range(5, 0, -2) | list }} {{ range(0) | list }} {{ range(3)[1] }} {{ range(3) | length }} {{ 2 in range(3) }}
{{ dict(a=1, b='x') }} {{ dict({'a': 1}, b=2) }} {{ dict([('a', 1)]) }} {{ dict() }}
{{ namespace(a=1).a }} {{ namespace(a=1) }} {{ namespace({'x': 2}).x }} {{ namespace().x is defined }}
{{ 'é' == 'é' }} {{ 'é' < 'z' }} {{ '你' in u }}
{{ 3.0 == 3 }} {{ 3.0 | string }} {{ 1e22 }} {{ 1e-7 }} {{ 0.1 + 0.2 }} {{ 1/0.5 }} {{ 10 ** 15 * 1.0 }} {{ 10 ** 16 * 1.0 }}
"""

WHITESPACE = [
    "a\n{% if t %}\nb\n{% endif %}\nc\n", "a\n  {% if t %}\n  b\n  {% endif %}\n  c", "a {% if t %} b {% endif %} c",
    "a\n  {%- if t -%}\n  b\n  {%- endif -%}\n  c", "  {{ n }}  \n  {{ n }}\n", "  {{- n -}}  \n  {{- n -}}\n x",
    "{# comment #}\nx", "  {# comment #}  \nx", "a {#- c -#} b", "a\n  {# c #}\n b", "a\n  {#+ c +#}\n b",
    "a\n  {%+ if t %}\nb{%+ endif +%}\nc", "{% if t +%}\nb\n{% endif %}", "{{ n }}\n\n", "x\n", "x\n\n", "\n\nx", "\n{{ n }}\n",
    "x\r\ny\r{{ n }}\r\n", "{% raw %}{{ n }}{% if %}{% endraw %}", "a {% raw -%}  x  {%- endraw %} b", "a\n  {% raw %}\n x\n  {% endraw %}\n b",
    "{%raw%}x{%endraw%}", "a {%- raw %} {{ x }} {% endraw -%} b", "{%- raw -%} x {%- endraw -%}  y", "{% raw %}\n{% endraw %}\nx",
    "{%for x in xs%}{{x}}{%endfor%}", "{%   for x in xs   %}\n{{x}}\n{%   endfor   %}\n", "\t{% if t %}\tx\t{% endif %}\t",
    "  {% if t %}  {% if t %}  x {% endif %}  {% endif %}  ", "a\u00a0{% if t %}b{% endif %}", "a\n\u00a0\u2003{% if t %}\nb{% endif %}",
    "{{ '{{' }} {{ '}}' }} {{ '{%' }}", "{ { n } }", "{", "{{", "}} %} #}", "a{", "{{ n }}{", "{% if t %}x{% endif %}{# c", "{%", "{{ n", "{% if t",
    "{{-n}}", "{{ -n }}", "{{ - n }}", "{{- -n -}}", "{{+n}}", "a {{+ n }}", "{{ n }}\n{%- if t %}x{% endif %}", "x{#-#}y", "{#", "{##}x", "{#-#} x", "{#+#} x", "{# a\nb #}\nx",
    "{% set x = 1 %}\n{{ x }}\n{% set y = 2 -%}\n\n {{ y }}", "{% for x in xs %}\n  {{ x }},\n{% endfor %}\nend", "{% for x in xs -%}\n  {{ x }},\n{%- endfor %}\nend",
    "a\n\n  {%- set x = 1 %}\nb", "  {%- if t %}x{% endif -%}  ", "{% if t %}\n\nx\n\n{% endif %}\n\ny", "line1\n    {{- ' x' }}\nline2", "a\f{%- if t %}b{% endif %}", "a\v\n{% if t %}b{% endif %}",
    "{{ \"a\nb\" }}", "{{ 'a\r\nb' }}", "{{\nn\n}}", "{%\nif t\n%}x{%\nendif\n%}", "{{ {'a': 1} }}", "{{ {'a': {'b': 1}}}}", "{{{'a':1}}}", "{{ '%}' }}{% if '%}' %}x{% endif %}",
    "{% if t %}a{% else %}b{% endif %}\n{% if no %}a{% else %}\nb\n{% endif %}", "x {% if no %}a{% elif t %}b{% else %}c{% endif %} y",
]

STATEMENTS = [
    "{% for x in xs %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }} {% endfor %}",
    "{% for x in xs %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {% endfor %}",
    "{% for x in xs %}{{ loop.previtem is defined }} {{ loop.nextitem is defined }} {% endfor %}",
    "{% for x in xs %}{{ loop.cycle('odd', 'even') }} {% endfor %}", "{% for x in [1, 1, 2, 2, 1] %}{{ loop.changed(x) }} {% endfor %}",
    "{% for x in xs %}{{ loop.depth }}{{ loop.depth0 }}{% for y in xs %}{{ loop.depth }}{{ loop.index }}{% endfor %}{{ loop.index }} {% endfor %}",
    "{% for x in xs if x > 1 %}{{ loop.index }}:{{ x }}/{{ loop.length }} {% endfor %}", "{% for x in xs if x > 5 %}{{ x }}{% else %}none{% endfor %}",
    "{% for x in none_list %}{{ x }}{% else %}empty{% endfor %}", "{% for x in missing %}{{ x }}{% else %}empty{% endfor %}", "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for k in d %}{{ k }}{% endfor %}", "{% for k, v in d|items %}{{ k }}={{ v }};{% endfor %}", "{% for c in 'aé你' %}[{{ c }}]{% endfor %}", "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for x in xs %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}", "{% for x in xs %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% else %}e{% endfor %}",
    "{% for x in range(3) %}{% for y in range(3) %}{% if y == 1 %}{% break %}{% endif %}{{ x }}{{ y }} {% endfor %}{% endfor %}", "{% for x in xs %}{{ x }}{{ ', ' if not loop.last }}{% endfor %}",
    "{% set x = 1 %}{% for i in xs %}{% set x = i %}{{ x }}{% endfor %}{{ x }}", "{% set x = 1 %}{% if t %}{% set x = 2 %}{% endif %}{{ x }}", "{% for i in xs %}{{ q }}{% set q = i %}{{ q }} {% endfor %}{{ q }}",
    "{% set ns = namespace(total=0) %}{% for i in xs %}{% set ns.total = ns.total + i %}{% endfor %}{{ ns.total }}", "{% set ns = namespace(a=1) %}{% set ns.b = 2 %}{{ ns.a }}{{ ns.b }}{{ ns }}", "{% set ns = namespace() %}{% if no %}{% set ns.x = 1 %}{% endif %}{{ ns.x }}|{{ ns.x is defined }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set (a, b) = [3, 4] %}{{ a }}{{ b }}", "{% set a, b = 'xy' %}{{ a }}{{ b }}", "{% set x %}block {{ n }}{% endset %}[{{ x }}]", "{% set x | upper %}block{% endset %}{{ x }}", "{% set x | trim | length %}  ab  {% endset %}{{ x + 1 }}",
    "{% set x = x or 5 %}{{ x }}", "{% set n = n + 1 %}{{ n }}", "{% set x = 1, 2 %}{{ x }}", "{% set ns = namespace(n=0) %}{% set ns.n = 1 %}{% set ns.n = ns.n + 1 %}{{ ns.n }}", "{% set a = b = 1 %}",
    "{% macro m(a, b=2, c='x') %}{{ a }}-{{ b }}-{{ c }}{% endmacro %}{{ m(1) }} {{ m(1, 3) }} {{ m(1, c='z') }} {{ m(a=5) }} {{ m() }}", "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}",
    "{% macro m(x) %}[{{ caller(x) }}]{% endmacro %}{% call(y) m(5) %}got {{ y }}{% endcall %}", "{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}body {{ n }}{% endcall %}", "{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}",
    "{% macro m(x) %}{{ x }}{% endmacro %}{{ m('a') ~ m('b') }} {{ m(1) | length }} {{ m }}", "{% macro fact(n) %}{% if n <= 1 %}1{% else %}{{ n * (fact(n - 1) | int) }}{% endif %}{% endmacro %}{{ fact(5) }}",
    "{% set g = 'global' %}{% macro m() %}{{ g }}{% endmacro %}{% set g = 'changed' %}{{ m() }}", "{% macro m() %}{% set inner = 5 %}{{ inner }}{% endmacro %}{{ m() }}{{ inner }}", "{% macro m(a) %}{{ n }}{{ a }}{% endmacro %}{% for n in xs %}{{ m(n) }} {% endfor %}",
    "{% for x in xs %}{% macro m() %}{{ x }}{% endmacro %}{{ m() }}{% endfor %}", "{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, 2) }}", "{% macro m(a) %}{{ a is defined }}{% endmacro %}{{ m() }}", "{% macro outer() %}{% macro inner2() %}in{% endmacro %}{{ inner2() }}{% endmacro %}{{ outer() }}",
    "{{ m2('x') }}{% macro m2(x) %}{{ x }}{% endmacro %}", "{% macro m(a) %}{% endmacro %}{{ m.name }} {{ m.arguments }}", "{% macro m(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ m(*[1, 2]) }} {{ m(**{'a': 3, 'b': 4}) }} {{ m(1, *[2]) }}",
    "{% filter upper %}abc {{ s }}{% endfilter %}", "{% filter trim | replace('a', 'b') %}  aaa  {% endfilter %}", "{% filter indent(2) %}a\nb{% endfilter %}", "{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a }}", "{% with %}{% set z = 1 %}{{ z }}{% endwith %}{{ z }}", "{% set a = 5 %}{% with a = 1, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}",
    "{% generation %}gen {{ n }}{% endgeneration %}", "a\n  {% generation %}\n  b\n  {% endgeneration %}\nc", "{% for m in messages %}{% generation %}{{ m.content }}{{ loop.index }}{% endgeneration %}{% endfor %}", "{% set q = 1 %}{% generation %}{% set q = 2 %}{{ q }}{% endgeneration %}{{ q }}",
    "{% for x in [{'v': 1, 'c': [{'v': 2, 'c': []}]}] recursive %}{{ x.v }}{{ loop.depth }}({{ loop(x.c) }}){% endfor %}", "{% if xs %}list{% endif %}{% if none_list %}bad{% endif %}{% if missing %}bad{% endif %}{% if 0.0 %}bad{% endif %}{% if '0' %}ok{% endif %}",
    "{% if a is not defined %}undef{% endif %}", "{% if not a is defined %}undef{% endif %}", "{% if n == 7 and (s or no) %}yes{% endif %}", "{% if no %}{{ nosuch() }}{% endif %}ok", "{% if no %}{{ x | nosuchfilter }}{% endif %}ok", "{% if t %}{{ x | nosuchfilter }}{% endif %}", "{{ (x | nosuchfilter) if no else 'ok' }}", "{% if no %}{% for x in xs %}{{ x | nosuchfilter }}{% endfor %}{% endif %}", "{% if no is nosuchtest %}{% endif %}",
    "{% set x = joiner(', ') %}{% for i in xs %}{{ x() }}{{ i }}{% endfor %}", "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}", "{% for x in xs %}{{ loop.index }}{% set loop = 5 %}{{ loop }}{% endfor %}",
    "{% for x in xs recursive %}{{ x }}{% endfor %}", "{% for x in xs %}{% else %}{% endfor %}x", "{% for i in range(2) %}{% for j in range(2) %}{{ loop.index }}{{ i }}{{ j }} {% endfor %}{% endfor %}", "{% for i in xs | sort %}{{ i }}{% endfor %}{% for i in xs | reverse %}{{ i }}{% endfor %}", "{% for a in xs[1:] + [9] %}{{ a }}{% endfor %}",
    "{% set ns = namespace(stop=false) %}{% for i in range(5) if not ns.stop %}{{ i }}{% if i == 2 %}{% set ns.stop = true %}{% endif %}{% endfor %}", "{% set ns = namespace(stop=false) %}{% for i in xs %}{% if loop.last %}{% set ns.stop = loop.index %}{% endif %}{% endfor %}{{ ns.stop }}", "{% for i in xs %}{% with j = i * 2 %}{{ j }}{% endwith %}{% endfor %}", "{% for x in xs %}{% set y %}{{ x }}{% if x == 1 %}{% continue %}{% endif %}{% endset %}{{ y }}{% endfor %}",
    "{% set l = [1] %}{% set l = l + [2] %}{{ l }}", "{% set x = {'a': [1, {'b': 2}]} %}{{ x.a[1].b }}", "{% set ns = namespace(msgs=[]) %}{% for m in messages %}{% set ns.msgs = ns.msgs + [m.role] %}{% endfor %}{{ ns.msgs | join('/') }}",
    "{{ raise_exception('stop here: ' ~ n) }}", "{% if n == 7 %}{{ raise_exception('Roles \"must\" alternate') }}{% endif %}", "{{ strftime_now('%d %b %Y') }}|{{ strftime_now('%Y-%m-%d %H:%M:%S %A %B %a %j %p %I %y %U %w %%') }}|{{ strftime_now('') }}|{{ strftime_now('%-d %e %F %T %D %G-%V %u %C %h %n %t %R %c %x %X %f %z %Z é') }}",
    "{% set x = namespace(a=1) %}{% set y = x %}{% set y.a = 2 %}{{ x.a }}", "{% for x in xs %}{{ loop }}{% endfor %}", "{% set x = 5 %}{% macro m() %}{{ x }}{% set x = 6 %}{{ x }}{% endmacro %}{{ m() }}{{ x }}", "{% set x = 5 %}{% set y %}{% set x = 6 %}{{ x }}{% endset %}{{ x }}{{ y }}", "{% filter upper %}{% set x = 6 %}{{ x }}{% endfilter %}{{ x }}", "{% if t %}{% set x = 1 %}{% else %}{% set x = 2 %}{% endif %}{{ x }}",
]

FILTERS = """
{{ s | upper }} {{ s | lower }} {{ s | title }} {{ s | capitalize }} {{ u | upper }} {{ u | lower }} {{ u | title }} {{ u | capitalize }}
{{ "it's a-b (c) [d] {e} <f>" | title }} {{ 'ABC dEF' | title }} {{ 'ﬁ ǆ ŉ' | title }} {{ 'ﬁ' | upper }} {{ 'ﬁ ǆ' | capitalize }}
[{{ sp | trim }}] [{{ 'xxaxx' | trim('x') }}] [{{ nothing | trim }}] [{{ '\\u3000a\\u2003' | trim }}] [{{ 5 | trim }}]
{{ xs | length }} {{ s | length }} {{ d | count }} {{ missing | length }} {{ u | length }} {{ (1, 2) | length }}
{{ xs | join }} {{ xs | join(', ') }} {{ mixed | join('|') }} {{ people | join(', ', attribute='name') }} {{ missing | join(',') }} {{ 'abc' | join('-') }} {{ d | join(',') }} {{ xs | join(1) }} {{ people | join(', ', 'age') }}
{{ missing | default('x') }} {{ missing | d }} {{ nothing | default('x') }} {{ nothing | default('x', true) }} {{ '' | default('x', boolean=true) }} {{ 0 | d('z', true) }} {{ missing | default(none) }} {{ d.nope | default('q') }} {{ missing | default(default_value='kw') }}
{{ xs | first }} {{ xs | last }} {{ s | first }} {{ s | last }} {{ none_list | first }}| {{ none_list | last }}| {{ d | first }} {{ d | last }} {{ u | first }} {{ '' | first }}|
{{ xs | min }} {{ xs | max }} {{ xs | sum }} {{ ys | min }} {{ ys | max }} {{ ys | min(case_sensitive=true) }} {{ none_list | min }}| {{ [0.5, 1] | sum }} {{ none_list | sum }} {{ people[:2] | sum(attribute='age') }} {{ people[:2] | max(attribute='age') }} {{ xs | sum(start=10) }}
{{ xs | sort }} {{ ys | sort }} {{ ys | sort(case_sensitive=true) }} {{ xs | sort(reverse=true) }} {{ people[:2] | sort(attribute='age') | map(attribute='name') | list }} {{ ys | sort(true) }} {{ [['b', 1], ['a', 2]] | sort(attribute=0) }} {{ [{'a': 1, 'b': 2}, {'a': 1, 'b': 1}] | sort(attribute='a,b') }} {{ d | sort }}
{{ xs | reverse | list }} {{ s | reverse }} {{ u | reverse }} {{ (1, 2) | reverse | list }} {{ d | reverse | list }} {{ d.items() | reverse | list }}
{{ [1, 2, 1, 3, 2] | unique | list }} {{ ys | unique | list }} {{ ['a', 'A', 'b'] | unique | list }} {{ ['a', 'A'] | unique(true) | list }} {{ people | unique(attribute='city') | map(attribute='name') | list }} {{ [1, 1.0, true, '1'] | unique | list }}
{{ d | dictsort }} {{ d | dictsort(true) }} {{ d | dictsort(by='value') }} {{ d | dictsort(false, 'value', true) }} {{ d | dictsort(reverse=true) }}
{{ s | replace('l', 'L') }} {{ s | replace('l', 'L', 1) }} {{ 'aaa' | replace('a', 'b', count=2) }} {{ 'abc' | replace('', '-') }} {{ 123 | replace('2', 'x') }} {{ 'a' | replace('a', 5) }}
{{ xs | map('string') | list }} {{ ys | map('upper') | list }} {{ people | map(attribute='name') | join(',') }} {{ people | map(attribute='age', default=0) | list }} {{ people | map(attribute='tags') | list | length }} {{ people[2:] | map(attribute='tags.0') | list | last }} {{ ['a b'] | map('replace', ' ', '_') | list }} {{ xs | map('int') | sum }} {{ none_list | map('upper') | list }}
{{ xs | select('odd') | list }} {{ xs | reject('odd') | list }} {{ xs | select('gt', 1) | list }} {{ mixed | select | list }} {{ mixed | reject | list }} {{ mixed | select('string') | list }} {{ xs | select('in', [1, 2]) | list }} {{ mixed | select('none') | list }} {{ xs | select('>', 1) | list }} {{ ys | select('equalto', 'A') | list }} {{ xs | select('==', 3) | list }}
{{ people | selectattr('age') | map(attribute='name') | list }} {{ people | rejectattr('age') | map(attribute='name') | list }} {{ people | selectattr('city', 'equalto', 'Rome') | map(attribute='name') | list }} {{ people | selectattr('age', 'defined') | list | length }} {{ people | rejectattr('city', 'eq', 'Rome') | list | length }} {{ messages | selectattr('role', 'in', ['user', 'x']) | list }} {{ people[2:] | selectattr('tags.0', 'eq', 'x') | list | length }}
{{ d | tojson }} {{ mixed | tojson }} {{ u | tojson }} {{ html | tojson }} {{ quotes | tojson }} {{ floats | tojson }} {{ nothing | tojson }} {{ t | tojson }} {{ (1, 2) | tojson }} {{ '' | tojson }} {{ '\\x7f\\x1f\\u2028' | tojson }}
{{ nested | tojson(indent=2) }} {{ [] | tojson(indent=2) }} {{ {} | tojson(indent=4) }} {{ [[], {}, [1]] | tojson(indent=1) }} {{ xs | tojson(indent=0) }} {{ d | tojson(indent='--') }}
{{ d | tojson(sort_keys=true) }} {{ d | tojson(separators=(',', ':')) }} {{ u | tojson(ensure_ascii=true) }} {{ d | tojson(indent=2, separators=(', ', ' = '), sort_keys=true) }} {{ d | tojson(false, 2) }} {{ {1: 'a', none: 'b', true: 'c', 2.5: 'd'} | tojson }} {{ xs | tojson(indent=none) }} {{ d | tojson(true) }}
{{ '3' | int }} {{ 'x' | int }} {{ 'x' | int(5) }} {{ 3.9 | int }} {{ -3.9 | int }} {{ '3.9' | int }} {{ '0x1f' | int(base=16) }} {{ '11' | int(0, 2) }} {{ none | int }} {{ true | int }} {{ ' 4 ' | int }} {{ '1_000' | int }} {{ [] | int }} {{ '1e3' | int }} {{ '-7' | int }} {{ '0b11' | int(0, 0) }} {{ 'inf' | int }}
{{ '3.5' | float }} {{ 'x' | float }} {{ 'x' | float(1.5) }} {{ 3 | float }} {{ none | float }} {{ '1e3' | float }} {{ 'inf' | float }} {{ '-1' | float }} {{ 'nan' | float }} {{ ' 2 ' | float }} {{ '1e400' | float }} {{ '.5' | float }} {{ '5.' | float }}
{{ -5 | abs }} {{ (-5) | abs }} {{ (-2.5) | abs }} {{ true | abs }}
{{ 2.5 | round }} {{ 3.5 | round }} {{ 2.675 | round(2) }} {{ 1234.5678 | round(2) }} {{ 42 | round }} {{ 2.1 | round(method='ceil') }} {{ 2.9 | round(0, 'floor') }} {{ 1.25 | round(1) }} {{ 2.345 | round(2, 'ceil') }} {{ -2.5 | round }} {{ 42 | round(1) }} {{ 1234 | round(-2) }} {{ 1250.0 | round(-2) }} {{ 42 | round(0, 'floor') }} {{ 0.5 | round | int }}
{{ xs | list }} {{ s[:3] | list }} {{ d | list }} {{ d.items() | list }} {{ d.keys() | list }} {{ d.values() | list }} {{ range(3) | list }} {{ missing | list }} {{ u[:6] | list }}
{{ n | string }} {{ nothing | string }} {{ xs | string }} {{ missing | string }}| {{ 1.0 | string }}
{{ html | escape }} {{ html | e }} {{ html | safe }} {{ (html | safe) | e }} {{ (html | e) | e }} {{ html | forceescape }} {{ (html | safe) + '<b>' }} {{ '<b>' + (html | safe) }} {{ (html | safe) ~ '<b>' }} {{ 5 | safe }} {{ d | tojson | safe }} {{ ('<i>' | e | upper) + '<' }} {{ [html | safe] }}
{{ 'a\\nb\\n\\nc' | indent }} {{ 'a\\nb' | indent(2) }} {{ 'a\\nb' | indent(2, true) }} {{ 'a\\n\\nb' | indent(2, blank=true) }} {{ 'a\\nb' | indent('> ') }} {{ 'a\\nb\\n' | indent(1, first=true) }}| {{ '' | indent }}| {{ 'a' | indent(width=3, first=true) }}
{{ [1, 2, 3, 4, 5] | batch(2) | list }} {{ [1, 2, 3] | batch(2, 'x') | list }} {{ [1, 2, 3, 4, 5] | slice(3) | list }} {{ [1, 2, 3, 4, 5] | slice(3, 'f') | list }} {{ [] | batch(2) | list }} {{ [] | slice(2) | list }}
{{ '%s-%s' | format('a', 1) }} {{ '%(x)s' | format(x=5) }} {{ 'a' | format }}
{{ people | groupby('city') | list | length }} {% for city, who in people | groupby('city') %}{{ city }}:{{ who | map(attribute='name') | join('+') }} {% endfor %}{% for g in people | groupby('city') %}{{ g.grouper }}{{ g.list | length }} {% endfor %} {{ people | groupby('age', default=0) | map('first') | list }} {{ [{'k': 'b'}, {'k': 'A'}, {'k': 'B'}] | groupby('k') | map('first') | list }}
{{ s | wordcount }} {{ 'a b_c d-e é' | wordcount }} {{ '' | wordcount }}
{{ d | items | list }} {{ missing | items | list }} {{ {} | items | list }}
[{{ 'ab' | center(6) }}] [{{ 'ab' | center(5) }}] [{{ 'abc' | center(6) }}] {{ 'a long text that is cut' | truncate(10) }} {{ 'a long text that is cut' | truncate(10, true) }} {{ 'short' | truncate(10) }} {{ 'a long text that is cut' | truncate(12, end='…', leeway=0) }} {{ 'abcdefgh' | truncate(5, leeway=0) }}
{{ (x for x in xs) if no }}
{{ xs | map('nosuch') | list }}
{{ xs | select('nosuch') | list }}
{{ xs | nosuch }}
{{ xs is nosuch }}
{{ xs | map | list }}
{{ xs | select('odd') is iterable }} {{ xs | select('odd') is sequence }} {% if none_list | select %}truthy{% endif %}
{% set g = xs | map('string') %}{{ g | join }}{{ g | join }}
{{ 5 | join }}
{{ 5 | length }}
{{ xs | select('odd') | length }}
{{ none | items | list }}
{{ xs | items | list }}
{{ mixed | sort }}
{{ 5 | list }}
{{ none | list }}
{{ missing | upper }}| {{ missing | int }}
{{ missing | abs }}
{{ missing | tojson }}
{{ {'a': missing} | tojson }}
{{ range(2) | tojson }}
{{ missing | last }}| {{ missing | reverse | list }} {{ range(9)[1:] }} {{ range(9)[-1::-2] | list }} {{ range(0, 9, 2)[1:3] }} {{ [1, 2] | truncate(9) }}
{{ missing | round }}
{{ n | indent }}
{{ xs | indent }}
{{ n | truncate }}
{{ n[1:] }}
{{ nothing[1:] }}
{{ d[1:] }}
{{ missing[1:] }}
{{ 'x' % [1] }} {{ 'x' % {} }}
{{ 'x' % (xs | map('string')) }}
{{ (xs | map('string')) | tojson }}
{{ {(1, 2): 3} | tojson }}
{{ 'a' | abs }}
{{ 'a' | round }}
{{ ['a'] | sum }}
{{ missing | items | list }} {{ missing.x | default('q') }}
{{ people | map(attribute='nope') | list }}
{{ people | map(attribute='nope') | join(',') }}
{{ people | sum(attribute='age') }}
"""

TESTS = """
{{ n is defined }} {{ missing is defined }} {{ missing is undefined }} {{ n is undefined }} {{ d.nope is defined }} {{ d.b is defined }} {{ nothing is defined }} {{ xs[9] is defined }} {{ s.nope is defined }}
{{ nothing is none }} {{ n is none }} {{ missing is none }} {{ none is not none }}
{{ s is string }} {{ n is string }} {{ (s | safe) is string }} {{ missing is string }}
{{ d is mapping }} {{ xs is mapping }} {{ namespace() is mapping }} {{ d.items() is mapping }}
{{ xs is iterable }} {{ s is iterable }} {{ d is iterable }} {{ n is iterable }} {{ missing is iterable }} {{ range(2) is iterable }} {{ nothing is iterable }} {{ namespace() is iterable }}
{{ xs is sequence }} {{ s is sequence }} {{ d is sequence }} {{ n is sequence }} {{ missing is sequence }} {{ range(2) is sequence }} {{ d.items() is sequence }} {{ (1,) is sequence }} {{ nothing is sequence }}
{{ n is number }} {{ f is number }} {{ t is number }} {{ s is number }} {{ n is integer }} {{ f is integer }} {{ t is integer }} {{ f is float }} {{ n is float }} {{ t is boolean }} {{ n is boolean }} {{ no is boolean }}
{{ t is true }} {{ 1 is true }} {{ no is false }} {{ 0 is false }} {{ nothing is false }}
{{ 3 is odd }} {{ 4 is even }} {{ 4 is odd }} {{ 9 is divisibleby 3 }} {{ 9 is divisibleby(2) }} {{ 2.0 is even }}
{{ n is eq 7 }} {{ n is equalto(7) }} {{ n is == 7 }} {{ n is ne 7 }}
{{ n is eq(7) }} {{ n is ne(8) }} {{ n is lt 8 }} {{ n is lessthan 8 }} {{ n is gt 6 }} {{ n is greaterthan 6 }} {{ n is le 7 }} {{ n is ge 7 }}
{{ 1 is in xs }} {{ 9 is in xs }} {{ 'a' is in 'abc' }} {{ 9 is not in xs }} {{ 1 is in(xs) }}
{{ range is callable }} {{ s.upper is callable }} {{ n is callable }} {{ missing is callable }} {{ namespace is callable }} {{ d.get is callable }}
{{ 'abc' is lower }} {{ 'ABC' is upper }} {{ 'Abc' is lower }} {{ '' is lower }} {{ '1' is upper }}
{{ n is sameas n }} {{ nothing is sameas none }} {{ 1 is sameas true }} {{ t is sameas true }} {{ xs is sameas xs }} {{ [1] is sameas [1] }}
{{ 'upper' is filter }} {{ 'nosuch' is filter }} {{ 'odd' is test }} {{ 'nosuch' is test }} {{ (s | e) is escaped }} {{ s is escaped }}
{{ not n is defined }} {{ n is not defined }} {{ n is defined and s is string }} {{ n is defined or x }} {{ n is not none and n is not string }}
{{ n is divisibleby n }} {{ n is divisibleby 7 and true }} {{ 'a' if n is odd else 'b' }}
{{ s is string is defined }}
{{ n is defined if t else 1 }}
{{ (n is defined) if t else 1 }}
{{ n is odd + 1 }}
{{ n + 1 is even }} {{ -n is odd }} {{ n is odd == true }}
{{ 'x' in s is string }}
{{ s is odd }}
{{ n is divisibleby 0 }}
{{ missing is odd }}
{{ missing is lt 1 }}
{{ n is lt 's' }}
{{ n is in n }}
"""

METHODS = """
{{ s.upper() }} {{ s.lower() }} {{ s.title() }} {{ s.capitalize() }} {{ s.swapcase() }} {{ u.upper() }} {{ u.lower() }} {{ u.title() }} {{ u.capitalize() }} {{ "they're bill's".title() }} {{ u.swapcase() }}
[{{ sp.strip() }}] [{{ sp.lstrip() }}] [{{ sp.rstrip() }}] [{{ 'xyaxy'.strip('xy') }}] [{{ 'xyaxy'.lstrip('x') }}] [{{ '\\n\\na\\n'.strip('\\n') }}] [{{ 'éaé'.strip('é') }}] [{{ ' a '.strip(none) }}] [{{ 'abc'.strip('') }}] [{{ '\\u3000x\\x1c'.strip() }}]
{{ s.startswith('Hell') }} {{ s.endswith('ld') }} {{ s.startswith(('x', 'H')) }} {{ s.startswith('ell', 1) }} {{ s.endswith('Hell', 0, 4) }} {{ s.startswith('') }} {{ ''.startswith('a') }} {{ s.endswith(('a', 'd')) }} {{ s.startswith('W', -5) }}
{{ 'a b  c'.split() }} {{ 'a,b,,c'.split(',') }} {{ 'a,b,c'.split(',', 1) }} {{ ' a  b '.split() }} {{ 'a b c'.split(maxsplit=1) }} {{ 'a<x>b'.split('<x>') }} {{ ''.split() }} {{ ''.split(',') }} {{ 'a b c'.split(none, 1) }} {{ 'abc'.split('x') }} {{ 'a  b c '.split(' ') }} {{ ' a b '.split(none, 0) }} {{ 'a\\u2003b\\x1cc'.split() }}
{{ 'a b c'.rsplit(' ', 1) }} {{ 'a b  c '.rsplit() }} {{ 'a,b,c'.rsplit(',') }} {{ ' a b c '.rsplit(none, 1) }} {{ 'a b c'.rsplit(maxsplit=1) }}
{{ lines.splitlines() }} {{ lines.splitlines(true) }} {{ ''.splitlines() }} {{ 'a\\n\\nb'.splitlines() }} {{ 'a\\r\\n'.splitlines(keepends=True) }} {{ 'x\\x0by\\x1cz\\x85w'.splitlines() }}
{{ s.find('o') }} {{ s.rfind('o') }} {{ s.find('z') }} {{ s.index('W') }} {{ s.count('l') }} {{ u.find('你') }} {{ u.find('ß', 5) }} {{ s.count('') }} {{ 'aaa'.count('aa') }} {{ s.find('o', 5, 9) }} {{ s.find('') }} {{ s.find('', 99) }} {{ s.rindex('l') }} {{ s.find('l', -3) }}
{{ s.replace('l', '') }} {{ s.replace('l', 'LL', 2) }} {{ 'abc'.replace('', '.') }} {{ ''.replace('', 'x') }} {{ 'aé'.replace('', '.') }} {{ 'aaaa'.replace('aa', 'b') }} {{ 'abc'.replace('b', 'X', 0) }} {{ 'abc'.replace('', '-', 2) }}
{{ ','.join(['a', 'b']) }} {{ ''.join('abc') }} {{ '-'.join(d) }} {{ ','.join([]) }} {{ ', '.join(ys | sort) }} {{ '|'.join(xs | map('string')) }}
{{ '12'.isdigit() }} {{ 'a'.isdigit() }} {{ ''.isdigit() }} {{ '²'.isdigit() }} {{ '²'.isdecimal() }} {{ '½'.isnumeric() }} {{ 'abc'.isalpha() }} {{ 'é你'.isalpha() }} {{ 'a1'.isalnum() }} {{ ' \\t'.isspace() }} {{ 'AB'.isupper() }} {{ 'ab1'.islower() }} {{ 'é'.isascii() }} {{ 'a\\n'.isprintable() }} {{ ''.isascii() }} {{ ''.isprintable() }} {{ 'ǅ'.isupper() }}
{{ 'prefix-x'.removeprefix('prefix-') }} {{ 'x.txt'.removesuffix('.txt') }} {{ 'abc'.removeprefix('x') }} {{ 'abc'.removesuffix('') }}
[{{ 'ab'.center(7) }}] [{{ 'ab'.center(6, '*') }}] [{{ 'ab'.ljust(5) }}] [{{ 'ab'.rjust(5, '0') }}] [{{ '42'.zfill(5) }}] [{{ '-42'.zfill(6) }}] [{{ 'é'.ljust(3, '你') }}] [{{ 'abc'.center(6) }}] [{{ 'abc'.center(2) }}]
{{ 'a-b-c'.partition('-') }} {{ 'a-b-c'.rpartition('-') }} {{ 'abc'.partition('x') }} {{ 'abc'.rpartition('x') }}
{{ 'Hi {}, {} {}'.format('a', 1, none) }} {{ '{0}{1}{0}'.format('x', 'y') }} {{ '{name}!'.format(name='N') }} {{ '{:>5}|{:<5}|{:^5}|{:05d}|{:.2f}|{:,}'.format('a', 'b', 'c', 42, 3.14159, 1234567) }} {{ '{{}}'.format() }} {{ '{!r}'.format('q') }} {{ '{d[b]} {xs[0]}'.format(d=d, xs=xs) }} {{ '{:x} {:%}'.format(255, 0.25) }} {{ '{:*^9}'.format('mid') }} {{ '{:{w}}|'.format('a', w=4) }} {{ '{:>3}'.format(7) }} {{ '{}'.format(1.0) }} {{ '{:d}'.format(true) }} {{ '{:e}'.format(12345.678) }} {{ '{:g}'.format(0.00001) }} {{ '{:+}'.format(5) }}
{{ d.get('a') }} {{ d.get('zz') }} {{ d.get('zz', 'def') }} {{ d.items() }} {{ d.keys() }} {{ d.values() }} {{ d.copy() }} {{ shadow.get('keys') }} {{ d.items() | length }} {{ d.get('zz') is none }} {{ {1: 2}.get(1) }} {{ d['get']('a') }}
{{ xs.index(1) }} {{ xs.count(1) }} {{ (1, 2, 1).count(1) }} {{ (1, 2).index(2) }} {{ xs.copy() }} {{ xs.index(2, 1) }}
{{ xs.append(4) }}
{{ xs.append is defined }} {{ d.update is defined }} {{ xs.pop is defined }} {{ xs.append }}| {{ d.pop is callable }}
{{ d.update({'z': 1}) }}
{{ d.pop('a') }}
{{ xs.sort() }}
{{ d.clear() }}
{{ s.nosuch() }}
{{ d.nosuch() }}
{{ n.nosuch }}|
{{ n.nosuch() }}
{{ missing.upper() }}
{{ missing.a }}
{{ missing.a.b }}
{{ missing['a'] }}
{{ missing() }}
{{ d.nope.x }}
{{ d['nope']['x'] }}
{{ xs[9].x }}
{{ nothing.x }}|
{{ nothing.x.y }}
{{ nothing[0] }}|
{{ nothing() }}
{{ s() }}
{{ n[0] }}|
{{ s.split('') }}
{{ s.index('zz') }}
{{ xs.index(99) }}
{{ ','.join([1]) }}
{{ s.startswith(1) }}
{{ s.startswith(['a']) }}
{{ s.strip(1) }}
{{ '{x}'.format() }}
{{ s.__class__ }}|{{ s.__class__ is defined }} {{ under._a }} {{ under['_a'] }}
{{ s.__class__.__mro__ }}
{{ ''['__class__'] }}|
"""

ERRORS = """
{{ 1 + 'a' }}
{{ 'a' + 1 }}
{{ [1] + (2,) }}
{{ 'a' - 'b' }}
{{ none + 1 }}
{{ 'a' * 'b' }}
{{ 1.5 * 'a' }}
{{ d + d }}
{{ missing + 1 }}
{{ 1 + missing }}
{{ 'a' + missing }}
{{ -missing }}
{{ -'a' }}
{{ 1 / 0 }}
{{ 1 // 0 }}
{{ 1 % 0 }}
{{ 1.0 / 0 }}
{{ 1 < 'a' }}
{{ none < 1 }}
{{ missing < 1 }}
{{ [1] < 1 }}
{{ 1 in 5 }}
{{ 1 in 'abc' }}
{{ missing in 'abc' }}
{{ missing in xs }} {{ 1 in none }}
{{ {[1]: 2} }}
{{ xs[0](1) }}
{{ range('a') }}
{{ range(1000000) }}
{{ range(1, 2, 0) }}
{% for x in 5 %}{% endfor %}
{% for x in none %}{% endfor %}
{% for a, b in [1] %}{% endfor %}
{% for a, b in [(1, 2, 3)] %}{% endfor %}
{% for a, b in [(1,)] %}{% endfor %}
{% set a, b = 1 %}
{% set a, b = [1] %}
{% set a, b = missing %}
{% set n.x = 1 %}
{% set missing.x = 1 %}
{% set d.x = 1 %}
{% set ns = namespace() %}{% set ns._x = 1 %}
{{ namespace(_x=1) }}
{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}{% endmacro %}{{ m(b=2) }}
{% macro m(a) %}{% endmacro %}{{ m(1, a=2) }}
{% for x in xs %}{{ loop(x) }}{% endfor %}
{{ loop.index }}
{{ '%d' % 'a' }}
{{ '%s %s' % 'a' }}
{{ '%s' % ('a', 'b') }}
{{ xs[1:'a'] }}
{{ xs[::0] }}
{{ xs['a'] }}|{{ xs[1.5] }}|{{ xs[none] }}|
{{ {'a': 1}[[1]] }}|
{{ messages[5].role }}
{{ messages[0].role.x.y }}
{{ 'a' | int(base='x') }}
{{ dict(1) }}
{{ caller() }}
{{ (1, 2)[5] }}|
{{ d.items()[0] }}|
{{ tool.name }}
{{ tool }}|{{ tool is defined }}|{{ tool or 'x' }}
{{ ['a', 'b'] < ['a', 1] }}
{{ xs | sort(attribute='a') }}
{{ people | sort(attribute='age') }}
{{ nested.x.y.z.w.v }}
{{ (n).a.b }}
"""

SYNTAX = """
{{ }}
{{ n
{{ n }
{% if %}x{% endif %}
{% if t %}
{% endif %}
{% for x %}{% endfor %}
{% for x in %}{% endfor %}
{% for in xs %}{% endfor %}
{% for x in xs %}
{% nosuchtag %}
{% set %}
{% set x %}
{% set 1 = 2 %}
{% set x.y.z = 1 %}
{% set x[0] = 1 %}
{% set true = 1 %}
{% break %}
{% continue %}
{% for x in xs %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}
{% else %}
{% macro %}{% endmacro %}
{% macro m %}{% endmacro %}
{% macro m(a=1, b) %}{% endmacro %}
{% call n %}{% endcall %}
{% filter %}x{% endfilter %}
{% filter nosuch %}x{% endfilter %}
{{ n + }}
{{ + }}
{{ n n }}
{{ 'unclosed }}
{{ "a' }}
{{ (1 }}
{{ [1 }}
{{ {'a' }}
{{ {'a': } }}
{{ [1) }}
{{ 1) }}
{{ n | }}
{{ n is }}
{{ n. }}
{{ n.'a' }}
{{ n[ }}
{{ n[] }}
{{ f(a=1, 2) }}
{{ f(*a, *b) }}
{{ f(**a, b) }}
{{ a = 1 }}
{{ 1 = 1 }}
{{ a ? b }}
{{ a && b }}
{{ a ! b }}
{{ $a }}
{{ a; b }}
{{ not }}
{{ a not b }}
{{ a if }}
{{ if a }}
{{ 1..2 }}
{{ 1.2.3 }}
{{ 1a }}
{{ 007 }}
{{ a[1:2:3:4] }}
{{ '\\x4' }}
{{ '\\u12' }}
{{ '\\N{DASH}' }}
{% if t %}{% else %}{% else %}{% endif %}
{% if t %}{% endfor %}
{% for x in xs %}{% endif %}
{% endraw %}
{% raw %}
{# unclosed
{% generation %}
{% do n %}
{% trans %}a{% endtrans %}
{% with a %}{% endwith %}
{% if t %}a{% endif %
{% if t }}a{% endif %}
{{ n %}
{% for x in xs if %}{% endfor %}
{% for x in xs else %}{% endfor %}
{% for x, in [(1,)] %}{{ x }}{% endfor %}
{% for (x) in xs %}{{ x }}{% endfor %}
{% set x = %}
{% set x += 1 %}
{{ n is not }}
{{ x if y if z }}
{{ lambda x: x }}
{{ [x for x in xs] }}
{{ 'a' if t else }}
{{ n|upper|lower| }}
{{ {1, 2} }}
{% print %}
{% 5 %}
{% if a b %}{% endif %}
{% else if %}
{{ a.b.c( }}
{{ é }}{% set é = 5 %}{{ é }}
{{ a,, b }}
{{ , }}
{{ (,) }}
{{ {,} }}
{{ [,] }}
{{ *a }}
{{ f(a b) }}
{{ f(a,) }}
"""


# Refused on a later line.
LINES = ["a\n{{ n }}\n{{ n n }}", "\n\n{% if t %}\n{{ n | nosuch }}\n{% for x in xs %}\n{{ x | nosuch }}{% endfor %}{% endif %}", "{#\n\n#}\n{% nosuch %}",
         "{% raw %}\n\n{% endraw %}{{ a b }}", "{{ 'a\nb' }}\n{{ $ }}", "a\r\nb\rc\n{{ ) }}", "{%- set x = 1 -%}\n\n\n{{ ( }}"]

# Errors whose wording is Python's own: only the error is compared.
LOOSE = """
{{ xs | first(1) }}
{{ xs | join(foo=1) }}
{{ s | replace('a') }}
{{ s.replace('a') }}
{{ s.upper(1) }}
{{ '{}'.format() }}
{{ d.get() }}
{% macro m() %}{% endmacro %}{% call m() %}x{% endcall %}
{{ '%z' % 1 }}
{{ raise_exception() }}
{{ strftime_now() }}
"""


def templates():
    yield from WHITESPACE
    yield from STATEMENTS
    yield from LINES
    for group in (OUTPUT, FILTERS, TESTS, METHODS, ERRORS, LOOSE, SYNTAX):
        yield from (line for line in group.split("\n") if line)
