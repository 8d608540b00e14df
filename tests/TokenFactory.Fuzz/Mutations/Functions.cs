namespace TokenFactory.Fuzz;

/// <summary>Adds functions of the model's own that lead to themselves, or that double at every level, and a call of them.</summary>
internal static class Functions
{
    public static void Add(List<WireField> model, List<WireField> graph, Random random)
    {
        const string Domain = "own";
        int levels = random.Next(1, 34), fan = random.Next(1, 4);
        bool loops = random.Next(3) == 0;
        for (int level = 0; level < levels; level++)
        {
            string inner = level + 1 < levels ? $"f{level + 1}" : loops ? "f0" : "Identity";
            string domain = inner == "Identity" ? "" : Domain;
            List<WireField> function = [WireField.Of(1, $"f{level}"), WireField.Of(4, "x"), WireField.Of(5, "y"), WireField.Of(9, [WireField.Of(1, ""), WireField.Of(2, 17)]), WireField.Of(9, [WireField.Of(1, Domain), WireField.Of(2, 1)]), WireField.Of(10, random.Next(20) == 0 ? "" : Domain)];
            for (int call = 0; call < fan; call++)
            {
                function.Add(WireField.Of(7, [WireField.Of(1, call == 0 ? "x" : $"t{call - 1}"), WireField.Of(2, call == fan - 1 ? "y" : $"t{call}"), WireField.Of(4, inner), WireField.Of(7, domain)]));
            }

            model.Add(WireField.Of(25, function));
        }

        model.Add(WireField.Of(8, [WireField.Of(1, Domain), WireField.Of(2, 1)]));
        int at = graph.FindIndex(f => f.Number == 1);
        if (at < 0)
        {
            return;
        }

        List<WireField> node = graph[at].Children!;
        int output = node.FindIndex(f => f.Number == 2);
        string name = node[output].Text;
        node[output] = WireField.Of(2, "before_own");
        graph.Insert(at + 1, WireField.Of(1, [WireField.Of(1, "before_own"), WireField.Of(2, name), WireField.Of(4, "f0"), WireField.Of(7, Domain)]));
    }
}
