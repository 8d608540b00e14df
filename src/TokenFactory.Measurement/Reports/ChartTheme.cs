using System.Globalization;
using System.Text.RegularExpressions;
using ScottPlot;

namespace TokenFactory.Measurement.Reports;

/// <summary>Makes plots whose colours follow the page: each colour is drawn as a stand-in that becomes a CSS variable in the SVG.</summary>
internal static partial class ChartTheme
{
    private const int WideWidth = 720;
    private const int NarrowWidth = 370;

    // Stand-ins that no palette has, and the page's variables. Series colours hold at least 3:1 against both backgrounds.
    private static readonly (Color Color, string Variable)[] s_colors =
    [
        (Color.FromHex("#010203"), "--ink"),
        (Color.FromHex("#010205"), "--line"),
        (Color.FromHex("#010211"), "--s1"),
        (Color.FromHex("#010212"), "--s2"),
        (Color.FromHex("#010213"), "--s3"),
        (Color.FromHex("#010214"), "--s4"),
        (Color.FromHex("#010215"), "--s5"),
        (Color.FromHex("#010216"), "--s6"),
        (Color.FromHex("#010217"), "--band"),
    ];

    private static int s_number;

    /// <summary>The colour of text and axes.</summary>
    public static Color Ink => s_colors[0].Color;

    /// <summary>The colour of a series.</summary>
    /// <param name="index">Its place, from 0; colours repeat after six.</param>
    public static Color Series(int index) => s_colors[2 + (index % 6)].Color;

    /// <summary>The colour of a band around a line.</summary>
    public static Color Band => s_colors[8].Color;

    /// <summary>An empty plot in the page's colours.</summary>
    /// <param name="xLabel">Label of the horizontal axis.</param>
    /// <param name="yLabel">Label of the vertical axis.</param>
    public static Plot Create(string xLabel, string yLabel)
    {
        var plot = new Plot();
        plot.FigureBackground.Color = Colors.Transparent;
        plot.DataBackground.Color = Colors.Transparent;
        plot.Axes.Color(Ink);
        plot.Grid.MajorLineColor = s_colors[1].Color;
        plot.Axes.Bottom.Label.Text = xLabel;
        plot.Axes.Left.Label.Text = yLabel;
        plot.Axes.Bottom.Label.Bold = false;
        plot.Axes.Bottom.Label.FontSize = 14;
        plot.Axes.Left.Label.FontSize = 14;
        plot.Axes.Left.Label.Bold = false;
        plot.Axes.Right.FrameLineStyle.Width = 0;
        plot.Axes.Top.FrameLineStyle.Width = 0;
        plot.Legend.BackgroundColor = Colors.Transparent;
        plot.Legend.FontColor = Ink;
        plot.Legend.OutlineWidth = 0;
        plot.Legend.ShadowColor = Colors.Transparent;
        return plot;
    }

    /// <summary>Draws a plot twice, for a wide page and for a narrow one, where shrinking the wide one would leave nothing to read.</summary>
    /// <param name="plot">The plot.</param>
    /// <param name="title">The chart's title.</param>
    /// <param name="description">What it shows, in words.</param>
    /// <param name="height">Height in pixels.</param>
    public static ReportChart Draw(Plot plot, string title, string description, int height = 360) =>
        new(title, description, Svg(plot, WideWidth, height, "wide") + Svg(plot, NarrowWidth, height, "narrow"));

    private static string Svg(Plot plot, int width, int height, string name)
    {
        string svg = plot.GetSvgXml(width, height);
        int start = svg.IndexOf("<svg", StringComparison.Ordinal);
        svg = start > 0 ? svg[start..] : svg;
        foreach ((Color color, string variable) in s_colors)
        {
            svg = svg.Replace($"#{color.R:X2}{color.G:X2}{color.B:X2}", $"var({variable})", StringComparison.OrdinalIgnoreCase)
                .Replace($"rgb({color.R},{color.G},{color.B})", $"var({variable})", StringComparison.Ordinal);
        }

        // Ids must be the page's own: each drawing counts from the same start.
        string prefix = string.Create(CultureInfo.InvariantCulture, $"c{Interlocked.Increment(ref s_number)}-");
        svg = IdPattern().Replace(svg, m => $"{m.Groups[1].Value}{prefix}{m.Groups[2].Value}");
        return SizePattern().Replace(svg, string.Create(CultureInfo.InvariantCulture,
            $"class=\"{name}\" viewBox=\"0 0 {width} {height}\" aria-hidden=\"true\" focusable=\"false\""), 1);
    }

    [GeneratedRegex("""(\bid="|url\(#|href="#)([^")]+)""")]
    private static partial Regex IdPattern();

    [GeneratedRegex("""width="[^"]*"\s+height="[^"]*"(?:\s+viewBox="[^"]*")?""")]
    private static partial Regex SizePattern();
}
