using System.Text.RegularExpressions;
using ScottPlot;
using ScottPlot.TickGenerators;
using TokenFactory.Core.Quantities;

namespace TokenFactory.Measurement.Reports;

/// <summary>A named series of points.</summary>
/// <param name="Name">Its name in the legend.</param>
/// <param name="Points">The points with a label each; an empty label is not drawn.</param>
internal sealed record ChartSeries(string Name, IReadOnlyList<(double X, double Y, string Label)> Points);

/// <summary>A bar of several parts.</summary>
/// <param name="Name">What the bar is of.</param>
/// <param name="Parts">The parts, in the order of the legend; 0 draws nothing.</param>
internal sealed record ChartBar(string Name, IReadOnlyList<double> Parts);

/// <summary>The kinds of charts that reports use.</summary>
internal static partial class ReportCharts
{
    /// <summary>Speed against volume: points joined by lines in the order of x, logarithmic where the points span more than a factor of 30.</summary>
    /// <param name="title">The chart's title.</param>
    /// <param name="description">What it shows.</param>
    /// <param name="xLabel">Label of the horizontal axis.</param>
    /// <param name="yLabel">Label of the vertical axis.</param>
    /// <param name="series">The series; values above 0.</param>
    public static ReportChart Lines(string title, string description, string xLabel, string yLabel, IReadOnlyList<ChartSeries> series)
    {
        Plot plot = ChartTheme.Create(xLabel, yLabel);
        (double X, double Y, string Label)[] all = [.. series.SelectMany(s => s.Points)];
        Scale x = Scale.For(all.Select(p => p.X));
        Scale y = Scale.For(all.Select(p => p.Y));
        for (int i = 0; i < series.Count; i++)
        {
            (double X, double Y, string Label)[] points = [.. series[i].Points.OrderBy(p => p.X)];
            ScottPlot.Plottables.Scatter line = plot.Add.Scatter(points.Select(p => x.Place(p.X)).ToArray(), points.Select(p => y.Place(p.Y)).ToArray());
            line.Color = ChartTheme.Series(i);
            line.LineWidth = 2;
            line.MarkerSize = 8;
            line.MarkerShape = s_markers[i % s_markers.Length];
            line.LegendText = series[i].Name;
            foreach ((double X, double Y, string Label) point in points.Where(p => p.Label.Length > 0))
            {
                ScottPlot.Plottables.Text label = plot.Add.Text(point.Label, x.Place(point.X), y.Place(point.Y));
                label.LabelFontColor = ChartTheme.Ink;
                label.LabelFontSize = 11;
                label.OffsetX = 8;
                label.OffsetY = -8;
            }
        }

        plot.Axes.Bottom.TickGenerator = x.Ticks();
        plot.Axes.Left.TickGenerator = y.Ticks();
        plot.Axes.Margins(0.2, 0.15);
        x.Limit(plot.Axes.SetLimitsX, plot.Axes.GetLimits().HorizontalRange);
        y.Limit(plot.Axes.SetLimitsY, plot.Axes.GetLimits().VerticalRange);
        Legend(plot, series.Count > 1);
        return ChartTheme.Draw(plot, title, description);
    }

    /// <summary>Horizontal bars of stacked parts.</summary>
    /// <param name="title">The chart's title.</param>
    /// <param name="description">What it shows.</param>
    /// <param name="xLabel">Label of the horizontal axis.</param>
    /// <param name="parts">Names of the parts.</param>
    /// <param name="bars">The bars, first on top.</param>
    public static ReportChart Bars(string title, string description, string xLabel, IReadOnlyList<string> parts, IReadOnlyList<ChartBar> bars)
    {
        Plot plot = ChartTheme.Create(xLabel, "");
        bool[] named = new bool[parts.Count];
        for (int i = 0; i < bars.Count; i++)
        {
            double start = 0;
            for (int p = 0; p < bars[i].Parts.Count; p++)
            {
                double value = bars[i].Parts[p];
                if (!(value > 0))
                {
                    continue;
                }

                ScottPlot.Plottables.BarPlot bar = plot.Add.Bars(new Bar[] { new()
                {
                    Position = bars.Count - 1 - i,
                    ValueBase = start,
                    Value = start + value,
                    FillColor = ChartTheme.Series(p),
                    LineWidth = 0,
                    Size = 0.62,
                    Orientation = Orientation.Horizontal,
                } });
                if (!named[p])
                {
                    bar.LegendText = parts[p];
                    named[p] = true;
                }

                start += value;
            }
        }

        plot.Axes.Left.TickGenerator = new NumericManual(
            [.. bars.Select((b, i) => new Tick(bars.Count - 1 - i, Shorten(b.Name)))]);
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Axes.Margins(left: 0, right: 0.08);
        double spare = Math.Max(0, 2 - bars.Count) / 2.0; // one bar alone is no thicker than one of two
        plot.Axes.SetLimitsY(-0.6 - spare, bars.Count - 0.4 + spare);
        plot.Axes.Bottom.TickGenerator = new NumericAutomatic { LabelFormatter = Figure };
        Legend(plot, parts.Count > 1, Edge.Bottom);
        return ChartTheme.Draw(plot, title, description, Math.Clamp(130 + (bars.Count * 44), 200, 720));
    }

    /// <summary>A line with a band around it, over periods.</summary>
    /// <param name="title">The chart's title.</param>
    /// <param name="description">What it shows.</param>
    /// <param name="yLabel">Label of the vertical axis.</param>
    /// <param name="periods">Names of the periods.</param>
    /// <param name="middle">The line's values.</param>
    /// <param name="low">The band's lower edge; null draws no band.</param>
    /// <param name="high">The band's upper edge.</param>
    public static ReportChart Fan(string title, string description, string yLabel, IReadOnlyList<string> periods, double[] middle, double[]? low, double[]? high)
    {
        Plot plot = ChartTheme.Create("", yLabel);
        double[] x = [.. Enumerable.Range(0, periods.Count).Select(i => (double)i)];
        if (low is not null && high is not null)
        {
            ScottPlot.Plottables.FillY band = plot.Add.FillY(x, low, high);
            band.FillColor = ChartTheme.Band;
            band.LineWidth = 0;
            band.LegendText = "P10 to P90";
        }

        ScottPlot.Plottables.Scatter line = plot.Add.Scatter(x, middle);
        line.Color = ChartTheme.Series(0);
        line.LineWidth = 2.5f;
        line.MarkerSize = 6;
        line.LegendText = low is null ? "" : "P50";
        int every = Math.Max(1, (int)Math.Ceiling(periods.Count / 8.0));
        plot.Axes.Bottom.TickGenerator = new NumericManual([.. periods.Select((p, i) => new Tick(i, p)).Where((_, i) => i % every == 0)]);
        plot.Axes.Left.TickGenerator = new NumericAutomatic { LabelFormatter = Figure };
        Legend(plot, low is not null);
        return ChartTheme.Draw(plot, title, description);
    }

    private static readonly MarkerShape[] s_markers =
        [MarkerShape.FilledCircle, MarkerShape.FilledSquare, MarkerShape.FilledTriangleUp, MarkerShape.FilledDiamond, MarkerShape.OpenCircle, MarkerShape.OpenSquare];

    private static void Legend(Plot plot, bool show, Edge edge = Edge.Top)
    {
        if (show)
        {
            plot.ShowLegend(edge).Legend.Orientation = Orientation.Horizontal;
        }
        else
        {
            plot.HideLegend();
        }
    }

    // A tick's label without the zeros that say nothing on an axis: 5, not 5.00.
    private static string Figure(double value) => TrailingZeros().Replace(FigureText.Si(value), "");

    [GeneratedRegex(@"(?<=\.\d*?)0+(?=\D|$)|\.0+(?=\D|$)")]
    private static partial Regex TrailingZeros();

    private static string Shorten(string name) => name.Length <= 24 ? name : string.Concat(name.AsSpan(0, 23), "…");

    // Linear or logarithmic placement, with ticks that read as figures.
    private readonly record struct Scale(bool Logarithmic)
    {
        public static Scale For(IEnumerable<double> values)
        {
            double[] all = [.. values];
            return new Scale(all.Length > 1 && all.Min() > 0 && all.Max() / all.Min() > 30);
        }

        public double Place(double value) => Logarithmic ? Math.Log10(value) : value;

        public NumericAutomatic Ticks() => Logarithmic
            ? new NumericAutomatic
            {
                MinorTickGenerator = new LogMinorTickGenerator(),
                IntegerTicksOnly = true,
                LabelFormatter = v => Figure(Math.Pow(10, v)),
            }
            : new NumericAutomatic { LabelFormatter = Figure };

        // A linear axis of what can't be negative begins at zero: a difference looks as large as it is.
        public void Limit(Action<double, double> set, CoordinateRange range)
        {
            if (!Logarithmic && range.Min >= 0 - (0.2 * (range.Max - range.Min)))
            {
                set(0, range.Max);
            }
        }
    }
}
