using System.Text.Json.Nodes;

namespace TokenFactory.Fuzz;

/// <summary>Mutates well-formed JSON by what its values may mean: types, extreme numbers, huge texts, patterns without end, nesting, keys twice, ids and merges that clash.</summary>
public sealed class JsonMutator(int seed)
{
    private static readonly string[] s_patterns =
        ["(a+)+$", "(a|a)*b", "(.*)*(.*)*x", "((a{1,200}){1,200}){1,200}", "(?<!(a+)+b)c", "(a?){500}a{500}", "\\p{Nope}", "(?(1)a|b)", "(((((((((((((((((((((((", "[^", "a{99999999}", "(?i)\u0130+", "\\", "(?<n>\\g<n>)", "(?=(a*)*b)a", "(\\s*\\S*)*$"];

    private readonly Random _random = new(seed);

    /// <summary>A mutated copy of a text; texts that are not JSON come back as they are.</summary>
    public string Mutate(string json)
    {
        JsonNode root = JsonNode.Parse(json)!;
        string? twice = null;
        for (int i = _random.Next(3) == 0 ? _random.Next(2, 5) : 1; i > 0; i--)
        {
            List<JsonNode> holders = [];
            Collect(root, holders, 0);
            JsonNode holder = holders[_random.Next(holders.Count)];
            if (_random.Next(12) == 0 && holder is JsonObject { Count: > 0 } named)
            {
                twice = named.ElementAt(_random.Next(named.Count)).Key;
                continue;
            }

            Change(holder);
        }

        string text = root.ToJsonString();
        string key = twice is null ? "" : JsonValue.Create(twice).ToJsonString() + ":";
        int at = twice is null ? -1 : text.IndexOf(key, StringComparison.Ordinal);
        return at < 0 ? text : text.Insert(at, key + (Value()?.ToJsonString() ?? "null") + ",");
    }

    private static void Collect(JsonNode? node, List<JsonNode> holders, int depth)
    {
        switch (node)
        {
            case JsonObject members:
                holders.Add(members);
                foreach ((string _, JsonNode? value) in members.Take(depth > 2 ? 20 : 200))
                {
                    Collect(value, holders, depth + 1);
                }

                break;
            case JsonArray items:
                holders.Add(items);
                foreach (JsonNode? item in items.Take(20))
                {
                    Collect(item, holders, depth + 1);
                }

                break;
        }
    }

    private void Change(JsonNode holder)
    {
        if (holder is JsonObject members)
        {
            string key = members.Count == 0 ? "x" : members.ElementAt(_random.Next(members.Count)).Key;
            switch (_random.Next(8))
            {
                case 0:
                    members.Remove(key);
                    break;
                case 1:
                    members[Text()] = Value();
                    break;
                case 2 when members.Count > 1:
                    string other = members.ElementAt(_random.Next(members.Count)).Key;
                    members[key] = members[other]?.DeepClone();
                    break;
                default:
                    members[key] = key == "Regex" || (key == "chat_template" && _random.Next(2) == 0) ? (key == "Regex" ? s_patterns[_random.Next(s_patterns.Length)] : HostileTemplates.Bombs[_random.Next(HostileTemplates.Bombs.Count)]) : Value();
                    break;
            }
        }
        else if (holder is JsonArray items)
        {
            int at = items.Count == 0 ? 0 : _random.Next(items.Count);
            switch (_random.Next(5))
            {
                case 0 when items.Count > 0:
                    items.RemoveAt(at);
                    break;
                case 1 when items.Count > 0:
                    items.Insert(at, items[_random.Next(items.Count)]?.DeepClone());
                    break;
                case 2 when items.Count > 0:
                    JsonNode? kept = items[at];
                    for (int i = _random.Next(200); i > 0; i--)
                    {
                        items.Add(kept?.DeepClone());
                    }

                    break;
                default:
                    items.Insert(at, Value());
                    break;
            }
        }
    }

    private JsonNode? Value()
    {
        switch (_random.Next(12))
        {
            case 0:
                return null;
            case 1:
                return JsonValue.Create(_random.Next(2) == 0);
            case 2:
                return JsonValue.Create(-1);
            case 3:
                return JsonValue.Create(new[] { int.MaxValue, 1L << 31, long.MaxValue, long.MinValue, 0, 1_000_000_000, 65536, 7 }[_random.Next(8)]);
            case 4:
                return JsonValue.Create(new[] { 1e300, -0.5, 1e-300, 3.5 }[_random.Next(4)]);
            case 5:
                return new JsonObject();
            case 6:
                return new JsonArray();
            case 7:
                JsonNode deep = new JsonArray();
                for (int i = _random.Next(10) == 0 ? 200 : _random.Next(60); i > 0; i--)
                {
                    deep = _random.Next(2) == 0 ? new JsonArray(deep) : new JsonObject { ["a"] = deep };
                }

                return deep;
            case 8:
                return JsonValue.Create(s_patterns[_random.Next(s_patterns.Length)]);
            default:
                return JsonValue.Create(Text());
        }
    }

    private string Text() => _random.Next(12) switch
    {
        0 => "",
        1 => "../../../etc/passwd",
        2 => new string('a', _random.Next(20) == 0 ? 1_000_000 : 5000),
        3 => "\u0000",
        4 => "\uD83D\uDE00\u200D\uFEFF",
        5 => "a b",
        6 => string.Concat(Enumerable.Repeat("ab ", _random.Next(300))),
        7 => "<0x0A>",
        8 => "Sequence",
        9 => "ByteLevel",
        10 => "{{ messages }}{% for m in messages %}",
        _ => ((char)_random.Next(0x20, 0xD7FF)).ToString(),
    };
}
