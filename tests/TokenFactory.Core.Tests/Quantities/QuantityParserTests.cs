using CsCheck;
using TokenFactory.Core.Definitions;
using TokenFactory.Core.Quantities;
using TokenFactory.TestSupport;
using Xunit;

namespace TokenFactory.Core.Tests.Quantities;

public sealed class QuantityParserTests
{
    public static IEnumerable<TheoryDataRow<string, string, double>> Known() =>
    [
        new("power", "1 GW", 1e9), new("power", "2.9 kW", 2900), new("power", "250MW", 250e6), new("power", "120 W", 120),
        new("energy", "3 kWh", 10.8e6), new("energy", "5 J", 5),
        new("energy price", "0.07 USD/kWh", 0.07), new("energy price", "70 EUR/MWh", 0.07),
        new("money", "126 kUSD", 126_000), new("money", "40 GUSD", 40e9), new("money", "3 CHF", 3),
        new("money per power", "12 MUSD/MW", 12e6), new("money per power", "12 kUSD/kW", 12e6), new("money per power", "12 GUSD/GW", 12e6),
        new("money per year", "12 MUSD/year", 12e6), new("money per year", "1 MUSD/month", 12e6), new("money per year", "1 USD/h", 8760),
        new("money per hour", "3.30 USD/h", 3.30), new("money per hour", "8760 USD/year", 1), new("money per hour", "24 USD/day", 1),
        new("price of tokens", "45 USD/Mtok", 45), new("price of tokens", "0.045 USD/ktok", 45), new("price of tokens", "45 kUSD/Gtok", 45),
        new("token count", "128k", 128_000), new("token count", "128Ki", 131_072), new("token count", "4096", 4096), new("token count", "1.5 Mtok", 1.5e6),
        new("token count", "32k tokens", 32_000),
        new("token volume", "8 Ttok/day", 8e12), new("token volume", "50 Gtok/day", 50e9), new("token volume", "1 ktok/s", 86.4e6), new("token volume", "30 Mtok/month", 30e6 * 24 / 730),
        new("data", "192 GB", 192e9), new("data", "80 GiB", 80d * (1 << 30)), new("data", "512 MiB", 512d * (1 << 20)),
        new("bandwidth", "3.35 TB/s", 3.35e12), new("arithmetic", "989 TFLOPS", 989e12), new("arithmetic", "624 TOPS", 624e12),
        new("ratio", "75 %", 0.75), new("ratio", "75%", 0.75), new("ratio", "0.75", 0.75), new("factor", "1.15", 1.15), new("factor", "3 x", 3),
    ];

    [Theory]
    [MemberData(nameof(Known))]
    public void Reads_what_people_write(string dimension, string text, double expected) =>
        Assert.Equal(expected, QuantityParser.Parse(text, Of(dimension)).Value, expected * 1e-15);

    [Fact]
    public void Reads_times_and_throughputs()
    {
        Assert.Equal(0.02, QuantityParser.Parse("20 ms", Dimension.Duration).Value);
        Assert.Equal(90, QuantityParser.Parse("1.5 min", Dimension.Duration).Value);
        Assert.Equal(5, QuantityParser.Parse("5 years", Dimension.Years).Value);
        Assert.Equal(0.5, QuantityParser.Parse("6 months", Dimension.Years).Value, 15);
        Assert.Equal(3, QuantityParser.Parse("1 quarter", Dimension.Months).Value);
        Assert.Equal(1850, QuantityParser.Parse("1850 tok/s/accelerator", Dimension.TokensPerSecondPerAccelerator).Value);
        Assert.Equal(1850, QuantityParser.Parse("1.85 ktok / s / GPU", Dimension.TokensPerSecondPerAccelerator).Value);
        Assert.Equal(100, QuantityParser.Parse("100 tok/s/user", Dimension.TokensPerSecondPerUser).Value);
    }

    [Fact]
    public void A_power_of_ten_is_the_nearest_double() => Assert.Equal(3.35e12, QuantityParser.Parse("3.35 TB/s", Dimension.Bandwidth).Value);

    [Fact]
    public void Reads_ranges()
    {
        Estimate spread = QuantityParser.Parse("80 kUSD ± 10 %", Dimension.Money);
        Assert.Equal((80_000, EstimateShape.Uniform), (spread.Value, spread.Shape));
        Assert.Equal(72_000, spread.Low, 1e-6);
        Assert.Equal(88_000, spread.High, 1e-6);
        Assert.Equal(new Estimate(80_000, 75_000, 85_000, EstimateShape.Uniform), QuantityParser.Parse("80 kUSD +/- 5 kUSD", Dimension.Money));
        Assert.Equal(Estimate.Uniform(70_000, 90_000), QuantityParser.Parse("70 kUSD to 90 kUSD", Dimension.Money));
        Assert.Equal(Estimate.Triangular(70e3, 85e3, 110e3), QuantityParser.Parse("{ low: 70 kUSD, mode: 85 kUSD, high: 110 kUSD }", Dimension.Money));
    }

    [Fact]
    public void A_spread_of_a_percentage_is_relative() => Assert.Equal(0.54, QuantityParser.Parse("60 % ± 10 %", Dimension.Ratio).Low, 1e-12);

    [Theory]
    [InlineData("power", "3 kWh", "power wants W, kW, MW or GW; got '3 kWh'")]
    [InlineData("power", "3", "power wants a unit: W, kW, MW or GW; got '3'")]
    [InlineData("power", "3 gw", "power wants W, kW, MW or GW; got '3 gw' (did you mean GW?)")]
    [InlineData("power", "GW", "power wants W, kW, MW or GW; got 'GW'")]
    [InlineData("power", "1,5 GW", "power wants a decimal point and no separators, such as 1234.5; got '1,5 GW'")]
    [InlineData("money", "1 kW", "money wants money, such as 126 kUSD; got '1 kW'")]
    [InlineData("money", "1 kUSD to 2 kEUR", "money mixes USD and EUR in '1 kUSD to 2 kEUR'")]
    [InlineData("money", "2 kUSD to 1 kUSD", "money wants the lower end first; got '2 kUSD to 1 kUSD'")]
    public void A_wrong_unit_is_one_clear_error(string dimension, string text, string message)
    {
        QuantityException e = Assert.Throws<QuantityException>(() => QuantityParser.Parse(text, Of(dimension)));
        Assert.Equal("QuantityInvalid", e.ErrorId);
        Assert.Equal(message, e.Message);
    }

    [Fact]
    public void Another_currency_is_an_error_that_says_which() =>
        Assert.Equal("'0.1 EUR/kWh' is in EUR; USD is wanted.",
            Assert.Throws<QuantityException>(() => QuantityParser.Parse("0.1 EUR/kWh", Dimension.EnergyPrice, "USD")).Message);

    [Fact]
    public void What_is_written_is_read_back_to_the_same_bits()
    {
        Gen<double> number = Gen.OneOf(Gen.Double[0, 1e15], Gen.Double[0, 1], Gen.Double[1e-12, 1e-3], Gen.Int[0, 100_000].Select(i => (double)i), Gen.Double[1, 1e6]);
        Gen<Estimate> single = number.Select(Estimate.Exactly);
        Gen<Estimate> uniform = Gen.Select(number, number, (a, b) => Estimate.Uniform(Math.Min(a, b), Math.Max(a, b)));
        Gen<Estimate> triangular = Gen.Select(number, number, number, (a, b, c) =>
        {
            double[] ends = [a, b, c];
            Array.Sort(ends);
            return Estimate.Triangular(ends[0], ends[1], ends[2]);
        });
        Gen.Select(Gen.OneOf([.. Dimension.All]), Gen.OneOf(single, uniform, triangular), Gen.OneOf("USD", "EUR", "JPY", "XAU"))
            .SampleRepeatably((dimension, value, currency) =>
            {
                string text = QuantityFormatter.Format(value, dimension, currency);
                Assert.Equal(value, QuantityParser.Parse(text, dimension, dimension.HasCurrency ? currency : null));
            }, iter: 20_000);
    }

    [Theory]
    [InlineData("power", 1.2e9, "1.2 GW")]
    [InlineData("power", 999, "999 W")]
    [InlineData("energy price", 0.07, "0.07 USD/kWh")]
    [InlineData("price of tokens", 45, "45 USD/Mtok")]
    [InlineData("token count", 128_000, "128k")]
    [InlineData("token volume", 8e12, "8 Ttok/day")]
    [InlineData("ratio", 0.75, "75 %")]
    [InlineData("money per year", 12e6, "12 MUSD/year")]
    [InlineData("bandwidth", 3.35e12, "3.35 TB/s")]
    [InlineData("money", 0, "0 USD")]
    public void Writes_the_prefix_a_person_would_choose(string dimension, double value, string expected) =>
        Assert.Equal(expected, QuantityFormatter.Format(value, Of(dimension)));

    [Theory]
    [InlineData("12 %/month", 1.12, 1.0 / 12)]
    [InlineData("-30 %/year", 0.7, 1)]
    [InlineData("10000 x/2 years", 10_000, 2)]
    [InlineData("1.5 x/year", 1.5, 1)]
    [InlineData("2x/quarter", 2, 0.25)]
    public void Reads_growth(string text, double factor, double years)
    {
        var rate = GrowthRate.Parse(text);
        Assert.Equal(factor, rate.Factor.Value, 1e-12);
        Assert.Equal(years, rate.PeriodYears, 1e-12);
    }

    [Theory]
    [InlineData("12 %/month", "1.12 x/month")]
    [InlineData("10000 x/2 years", "10000 x/2 years")]
    [InlineData("1.5 x/3 months", "1.5 x/3 months")]
    [InlineData("2 x/week", "2 x/7 days")]
    public void Writes_growth_so_that_it_reads_back(string text, string expected)
    {
        string written = GrowthRate.Parse(text).ToString();
        Assert.Equal(expected, written);
        Assert.Equal(GrowthRate.Parse(text).PeriodYears, GrowthRate.Parse(written).PeriodYears, 1e-9);
    }

    [Theory]
    [InlineData("12 %")]
    [InlineData("-150 %/year")]
    [InlineData("0 x/year")]
    [InlineData("2 x/0 years")]
    [InlineData("two x/year")]
    public void Growth_that_leaves_nothing_or_has_no_period_is_refused(string text) => Assert.Throws<QuantityException>(() => GrowthRate.Parse(text));

    [Fact]
    public void No_text_crashes_the_parser() =>
        Gen.Select(Gen.String[0, 40], Gen.OneOf([.. Dimension.All]))
            .SampleRepeatably((text, dimension) => QuantityParser.TryParse(text, dimension, out Estimate value, out _, out string? error) ? double.IsFinite(value.Value) : error is not null, iter: 20_000);

    private static Dimension Of(string name) => Dimension.All.First(d => d.Name == name);
}
