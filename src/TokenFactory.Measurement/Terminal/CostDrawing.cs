using System.Globalization;
using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;
using TokenFactory.Core.Economics;

namespace TokenFactory.Measurement.Terminal;

/// <summary>Draws costs and operating points with characters, with or without colour.</summary>
/// <remarks>Lines never exceed the width. Without colour a bar's causes are told apart by their first letter. Figures are written the same in every culture.</remarks>
public static class CostDrawing
{
    private static readonly (CostCauseKind Kind, string Color, char Letter)[] s_causes =
    [
        (CostCauseKind.Capital, "dodgerblue2", 'C'),
        (CostCauseKind.Rent, "deepskyblue3", 'R'),
        (CostCauseKind.Energy, "orange1", 'E'),
        (CostCauseKind.Facility, "green3", 'F'),
        (CostCauseKind.Staff, "mediumorchid", 'S'),
        (CostCauseKind.Idle, "grey50", 'I'),
    ];

    /// <summary>True when standard output is a terminal that shows colour and drawing: neither redirected nor <c>NO_COLOR</c> or a dumb one.</summary>
    public static bool IsTerminal => !Console.IsOutputRedirected
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") != "dumb";

    /// <summary>One bar a tier, as long as its cost per million output tokens, divided by cause; then a legend.</summary>
    /// <param name="costs">The costs.</param>
    /// <param name="width">Columns.</param>
    /// <param name="color">Whether to colour.</param>
    /// <returns>Lines without line ends.</returns>
    public static IReadOnlyList<string> Bars(IReadOnlyList<CostBreakdown> costs, int width, bool color)
    {
        double?[] perMillion = [.. costs.Select(c => c.TotalCostPerMillionOutputTokens)];
        double most = perMillion.Max() ?? 0;
        int label = Math.Clamp(costs.Select(c => c.Tier.Length).DefaultIfEmpty(0).Max(), 4, Math.Max(4, width / 4));
        int figure = 15;
        int room = Math.Max(4, width - label - figure - 4);
        var grid = new Grid { Expand = false };
        grid.AddColumn(new GridColumn { NoWrap = true, Width = label, Padding = new Padding(0, 0, 1, 0) });
        grid.AddColumn(new GridColumn { NoWrap = true, Width = figure, Alignment = Justify.Right, Padding = new Padding(0, 0, 1, 0) });
        grid.AddColumn(new GridColumn { NoWrap = true, Width = room, Padding = new Padding(0) });
        for (int i = 0; i < costs.Count; i++)
        {
            CostBreakdown cost = costs[i];
            string money = perMillion[i] is { } value ? string.Create(CultureInfo.InvariantCulture, $"{Short(value)} {cost.Currency}/Mtok") : "nothing sold";
            grid.AddRow(
                new Markup(Markup.Escape(Cut(cost.Tier, label))),
                new Markup(Markup.Escape(money.Length > figure ? Short(perMillion[i]!.Value) : money)),
                new Markup(perMillion[i] is { } total && most > 0 ? Bar(cost, total / most * room, color) : ""));
        }

        string legend = string.Join("  ", s_causes
            .Where(c => costs.Any(b => b.Causes.Any(x => x.Cause == c.Kind && x.CostPerDay > 0)))
            .Select(c => color ? $"[{c.Color}]█[/] {Name(c.Kind)}" : $"{c.Letter} {Name(c.Kind)}"));
        return [.. Render(grid, width, color), .. Render(new Markup(legend), width, color)];
    }

    /// <summary>Speed for a user across, volume per accelerator upwards, both on logarithmic axes; points that none beats in both are filled.</summary>
    /// <param name="points">The points; those of unknown speed are listed below.</param>
    /// <param name="width">Columns.</param>
    /// <param name="color">Whether to colour.</param>
    /// <returns>Lines without line ends.</returns>
    public static IReadOnlyList<string> Frontier(IReadOnlyList<FrontierPoint> points, int width, bool color)
    {
        FrontierPoint[] plotted = [.. points.Where(p => p.Interactivity > 0 && p.Throughput > 0).OrderBy(p => p.Interactivity)];
        List<string> lines = [];
        if (plotted.Length > 0)
        {
            const int Height = 12;
            const int Left = 9;
            int columns = Math.Max(10, width - Left - 1);
            (double low, double high) x = Span(plotted.Select(p => p.Interactivity!.Value));
            (double low, double high) y = Span(plotted.Select(p => p.Throughput));
            string[,] cells = new string[Height, columns];
            for (int i = 0; i < plotted.Length; i++)
            {
                FrontierPoint point = plotted[i];
                bool best = !plotted.Any(o => o != point && o.Interactivity >= point.Interactivity && o.Throughput >= point.Throughput
                    && (o.Interactivity > point.Interactivity || o.Throughput > point.Throughput));
                int column = (int)Math.Round(Place(point.Interactivity!.Value, x) * (columns - 1));
                int row = Height - 1 - (int)Math.Round(Place(point.Throughput, y) * (Height - 1));
                string letter = Mark(i);
                cells[row, column] = !color ? (best ? letter : letter.ToLowerInvariant()) : best ? $"[bold green3]{letter}[/]" : $"[grey50]{letter}[/]";
            }

            lines.AddRange(Render(new Markup("tok/s per accelerator"), width, color));
            for (int row = 0; row < Height; row++)
            {
                var line = new StringBuilder(row == 0 ? Short(y.high).PadLeft(Left - 2) : row == Height - 1 ? Short(y.low).PadLeft(Left - 2) : new string(' ', Left - 2));
                line.Append(" │");
                for (int column = 0; column < columns; column++)
                {
                    line.Append(cells[row, column] ?? " ");
                }

                lines.AddRange(Render(new Markup(line.ToString().TrimEnd()), width, color));
            }

            lines.AddRange(Render(new Markup($"{new string(' ', Left - 1)}└{new string('─', columns)}"), width, color));
            string right = $"{Short(x.high)} tok/s per user";
            string left = Short(x.low);
            lines.AddRange(Render(new Markup($"{new string(' ', Left)}{left}{right.PadLeft(Math.Max(1, columns - left.Length))}"), width, color));
            for (int i = 0; i < plotted.Length; i++)
            {
                FrontierPoint point = plotted[i];
                lines.AddRange(Render(new Markup(Markup.Escape(Cut(
                    $"{Mark(i)} {point.Label}: {Short(point.Interactivity!.Value)} tok/s per user, {Short(point.Throughput)} per accelerator", width))), width, color));
            }
        }

        foreach (FrontierPoint point in points.Where(p => !(p.Interactivity > 0) || !(p.Throughput > 0)))
        {
            lines.AddRange(Render(new Markup(Markup.Escape(Cut($"- {point.Label}: {Short(point.Throughput)} tok/s per accelerator, speed for a user unknown", width))), width, color));
        }

        return lines;
    }

    private static string Bar(CostBreakdown cost, double length, bool color)
    {
        var bar = new StringBuilder();
        double drawn = 0;
        double upTo = 0;
        foreach ((CostCauseKind kind, string paint, char letter) in s_causes)
        {
            double share = cost.CostPerDay > 0 ? cost.Causes.Where(c => c.Cause == kind).Sum(c => c.CostPerDay) / cost.CostPerDay : 0;
            upTo += share * length;
            int cells = (int)(Math.Round(upTo) - drawn);
            drawn += cells;
            if (cells > 0)
            {
                bar.Append(color ? $"[{paint}]{new string('█', cells)}[/]" : new string(letter, cells));
            }
        }

        // A cost that is too small for a cell is still not nothing.
        return bar.Length > 0 ? bar.ToString() : color ? "[grey50]▏[/]" : "|";
    }

    private static (double Low, double High) Span(IEnumerable<double> values)
    {
        double[] all = [.. values];
        double low = all.Min();
        double high = all.Max();
        return high > low ? (low, high) : (low / 2, high * 2);
    }

    private static double Place(double value, (double Low, double High) span) => Math.Log(value / span.Low) / Math.Log(span.High / span.Low);

    private static string Mark(int index) => index < 26 ? ((char)('A' + index)).ToString() : "*";

    private static string Name(CostCauseKind kind) => kind.ToString().ToLowerInvariant();

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..(length - 1)] + "…";

    private static string Short(double value) => value switch
    {
        0 => "0",
        >= 1e9 => (value / 1e9).ToString("0.##", CultureInfo.InvariantCulture) + "G",
        >= 1e6 => (value / 1e6).ToString("0.##", CultureInfo.InvariantCulture) + "M",
        >= 1e4 => (value / 1e3).ToString("0.#", CultureInfo.InvariantCulture) + "k",
        >= 100 => value.ToString("0", CultureInfo.InvariantCulture),
        >= 1 => value.ToString("0.00", CultureInfo.InvariantCulture),
        _ => value.ToString("G3", CultureInfo.InvariantCulture),
    };

    private static IEnumerable<string> Render(IRenderable drawing, int width, bool color)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = color ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = color ? ColorSystemSupport.EightBit : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
        });
        console.Profile.Width = width;
        console.Profile.Capabilities.Unicode = true;
        console.Write(drawing);
        return [.. text.ToString().Split('\n').Select(l => l.TrimEnd('\r', ' ')).Where(l => l.Length > 0)];
    }
}
