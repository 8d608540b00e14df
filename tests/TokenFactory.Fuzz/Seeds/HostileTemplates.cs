namespace TokenFactory.Fuzz;

/// <summary>Templates to mutate, and templates that try to run away.</summary>
public static class HostileTemplates
{
    /// <summary>Well-formed templates.</summary>
    public static IReadOnlyList<string> Seeds { get; } =
    [
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + (message['content'] or '') + '<|im_end|>' }}{% if not loop.last %}\n{% endif %}{% endfor %}{% if add_generation_prompt %}assistant{% endif %}",
        "{%- macro show(m, depth=0) -%}{{ m.role | upper }}: {{ m.content | default('none', true) | trim }}{%- if m.tool_calls %}{{ m.tool_calls | tojson(indent=2) }}{% endif %}{%- endmacro -%}{% for m in messages %}{{ show(m, depth=1) }}{% endfor %}",
        "{% set ns = namespace(found=false, count=0) %}{% for m in messages if m.role == 'user' %}{% set ns.found = true %}{% set ns.count = ns.count + 1 %}{{ loop.index }}{{ loop.cycle('a', 'b') }}{% else %}nobody{% endfor %}{{ ns.count }}",
        "{{ messages[0].content[1:-1:2] }}{{ messages[0]['content'].split(' ')[-1].strip('?') }}{{ messages | map(attribute='role') | join(', ') }}{{ messages | selectattr('role', 'equalto', 'user') | list | length }}",
        "{% set text %}{% call(x) wrap('a') %}{{ x }}{% endcall %}{% endset %}{% macro wrap(t) %}[{{ caller(t * 3) }}]{% endmacro %}{{ wrap }}{{ '%s-%05.2f' % ('a', 3.14159) }}{{ '{:>8}|{x}'.format('b', x=1) }}",
        "{% for k, v in {'b': 1, 'a': [1, 2.0, none]}.items() recursive %}{{ k ~ v }}{% endfor %}{{ {'b': 1, 'a': 2} | dictsort }}{{ [3, 1, 2] | sort(reverse=true) | batch(2) }}{{ 7 // 2 ** 2 % 5 }}{{ 1 < 2 <= 3 }}{{ 'x' if false }}",
        "{% generation %}{{ strftime_now('%Y-%m-%d') }}{% endgeneration %}{% if messages[5] is defined and messages[5].role is string %}{% endif %}{% raw %}{{ raw }}{% endraw %}{{ raise_exception('no') if tools }}{# comment #}{%- filter indent(2) %}a\nb{% endfilter %}",
    ];

    /// <summary>Templates that would take time or memory without end.</summary>
    public static IReadOnlyList<string> Bombs { get; } =
    [
        "{% for i in range(10**9) %}x{% endfor %}",
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{{ 'a' * 10**12 }}",
        "{% set ns = namespace(x='aaaaaaaaaa') %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}",
        "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(100) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(99999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
        "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}",
        "{% macro f(n) %}{{ f(n + 1) }}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}",
        "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{{ ('a' * 1000000).replace('', 'b' * 1000000) }}",
        "{{ 'a'.center(10**11) }}",
        "{{ '%999999999d' % 1 }}",
        "{{ '{:>999999999}'.format(1) }}",
        "{{ messages | tojson(indent=10**10) | length }}{% for i in range(90000) %}{{ messages | tojson(indent=1000) | length }}{% endfor %}",
        "{{ 9 ** 9 ** 9 ** 9 }}",
        "{{ " + new string('(', 5000) + "1" + new string(')', 5000) + " }}",
        "{{ " + string.Concat(Enumerable.Repeat("not ", 20_000)) + "1 }}",
        "{{ " + string.Concat(Enumerable.Repeat("-", 20_000)) + "1 }}",
        "{{ " + string.Concat(Enumerable.Repeat("[", 20_000)) + " }}",
        "{{ 1" + string.Concat(Enumerable.Repeat(" + x", 200_000)) + " }}",
        "{{ x" + string.Concat(Enumerable.Repeat("|trim", 200_000)) + "}}{{ 1/0 }}",
        string.Concat(Enumerable.Repeat("{% if true %}", 5000)) + string.Concat(Enumerable.Repeat("{% endif %}", 5000)),
        string.Concat(Enumerable.Repeat("{% for x in [1] %}", 5000)),
        "{{ (range(99999) | list | sort) * 99999 }}",
        "{% set l = range(99999) | list %}{% for i in range(99999) %}{{ i in l }}{% endfor %}",
        "{% set s = 'ab' * 1000000 %}{% for i in range(99999) %}{{ s.count('b') }}{% endfor %}",
    ];
}
