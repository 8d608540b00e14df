using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using TokenFactory.Core.Catalog;
using TokenFactory.Core.Quantities;

namespace TokenFactory.Core.Definitions;

/// <summary>Writes a first definition for the devices of a machine: complete, commented, and marked where it assumes.</summary>
public static partial class FactoryWriter
{
    private const double SystemShare = 1.5;
    private const double ProcessorWatts = 120;

    /// <summary>The text of a first definition.</summary>
    /// <param name="name">The factory's name.</param>
    /// <param name="devices">The devices; accelerators where there are some, else the processor.</param>
    /// <param name="currency">ISO code of the currency.</param>
    /// <param name="catalog">Where figures of known accelerators are looked up; null is the user's catalog.</param>
    /// <remarks>
    /// A known accelerator brings its all-in power and rent with their sources. Where the catalog has none, all-in power is the power limit times 1.5 for the
    /// share of the system, or 120 W for a machine without accelerators, and the line says that it is assumed.
    /// </remarks>
    public static string Draft(string name, IReadOnlyList<DeviceFacts> devices, string currency = "USD", FigureCatalog? catalog = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(devices);
        catalog ??= FigureCatalog.Load();
        DeviceFacts[] accelerators = [.. devices.Where(d => d.IsAccelerator && d.Count > 0)];
        DeviceFacts[] used = accelerators.Length > 0 ? accelerators : [.. devices.Where(d => !d.IsAccelerator).Take(1)];
        var text = new StringBuilder();
        text.Append("# A first definition of this machine as a token factory. Lines marked ASSUMED have no source: put your own figures there.\n");
        text.Append("# Get-Help about_TokenFactory_Definition lists every key and unit.\n");
        text.Append(CultureInfo.InvariantCulture, $"factory: {Scalar(name)}\ncurrency: {currency}\n");
        text.Append("site:\n");
        text.Append(CultureInfo.InvariantCulture, $"  energyPrice: 0.20 {currency}/kWh   # ASSUMED: look at your bill\n");
        text.Append("finance:\n  lifetime: 4 years\n  discountRate: 5 %\n  utilization: 50 %          # ASSUMED: share of the hours whose tokens someone wants\n");
        string[] names = Names(used);
        if (used.Length > 0)
        {
            text.Append("hardware:\n");
        }

        for (int i = 0; i < used.Length; i++)
        {
            Hardware(text, names[i], used[i], currency, catalog);
        }

        text.Append("models:\n  - name: demo                # the module's own small model; put the folder name of yours\n");
        text.Append("tiers:\n");
        Tier(text, "chat", "someone is waiting", "0.10", "0.40", currency, "chat", "service: { ttft: 2 s, interactivity: 10 tok/s/user }");
        Tier(text, "batch", "nobody is waiting", "0.05", "0.20", currency, "batch", null);
        text.Append("# What it produces is measured: Measure-TokenFactoryThroughput | Get-TokenFactoryCost -Factory THIS-FILE\n");
        return text.ToString();
    }

    /// <summary>Writes a file whole or not at all.</summary>
    /// <param name="path">Full path of the file.</param>
    /// <param name="text">Its text.</param>
    /// <param name="overwrite">True to replace a file that is there.</param>
    /// <exception cref="TokenFactoryException"><c>FileExists</c>: it is there and may not be replaced.</exception>
    public static void WriteFile(string path, string text, bool overwrite)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (File.Exists(path) && !overwrite)
        {
            throw new TokenFactoryException("FileExists", FailureKind.InvalidInput, $"'{path}' is there already. Give another path, or -Force to replace it.", path);
        }

        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            File.WriteAllText(temporary, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            File.Move(temporary, path, overwrite);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static void Hardware(StringBuilder text, string name, DeviceFacts device, string currency, FigureCatalog catalog)
    {
        AcceleratorSpecification? known = device.IsAccelerator ? catalog.MatchDevice(device.Name) : null;
        text.Append(CultureInfo.InvariantCulture, $"  - name: {Scalar(name),-20} # {Comment(device.Name)}\n");
        if (known is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"    accelerator: {Scalar(known.Name)}\n");
        }

        double watts = known?.AllInPowerWatts
            ?? (device.PowerLimitWatts ?? known?.BoardPowerWatts) * SystemShare
            ?? ProcessorWatts;
        string basis = known?.AllInPowerWatts is not null ? $"from the catalog: {Comment(known.Sources.GetValueOrDefault("allInPower") ?? "no source")}"
            : device.PowerLimitWatts is not null ? "ASSUMED: power limit and half as much for the rest of the system"
            : "ASSUMED: measure it at the wall under load";
        text.Append(CultureInfo.InvariantCulture, $"    allInPower: {QuantityFormatter.Format(Math.Round(watts), Dimension.Power)}   # {basis}\n");
        if (currency == "USD" && known?.RatesPerHourUsd.GetValueOrDefault("rented-3y") is > 0 and { } rate)
        {
            text.Append(CultureInfo.InvariantCulture, $"    rate: {QuantityFormatter.Format(rate, Dimension.MoneyPerHour)}         # from the catalog, rented for 3 years; or price: when you own it\n");
        }
        else
        {
            text.Append(CultureInfo.InvariantCulture, $"    price: 1500 {currency}          # ASSUMED: what one cost, with its share of the machine\n    assumed: true\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"    count: {device.Count}\n");
    }

    private static void Tier(StringBuilder text, string name, string what, string input, string output, string currency, string workload, string? more)
    {
        text.Append(CultureInfo.InvariantCulture, $"  - name: {name,-20} # {what}\n    model: demo\n");
        text.Append(CultureInfo.InvariantCulture, $"    price: {{ input: {input} {currency}/Mtok, output: {output} {currency}/Mtok }}   # ASSUMED\n");
        text.Append(CultureInfo.InvariantCulture, $"    workload: {workload}\n{(more is null ? "" : $"    {more}\n")}");
        text.Append("    # demand: 1 Mtok/day     # when it is known: then capacity can be checked against it\n");
    }

    private static string[] Names(DeviceFacts[] devices)
    {
        string[] names = new string[devices.Length];
        for (int i = 0; i < names.Length; i++)
        {
            string name = devices[i].IsAccelerator ? NotWord().Replace(devices[i].Name, "-").Trim('-').ToLowerInvariant() : "machine";
            name = name.Length is 0 or > 60 ? "accelerator" : name;
            names[i] = names.Contains(name) ? $"{name}-{i + 1}" : name;
        }

        return names;
    }

    // A name that YAML would read as something else, or that has signs in it, is quoted; JSON's quoting is YAML's.
    private static string Scalar(string text) => PlainWord().IsMatch(text) && !Ambiguous().IsMatch(text)
        ? text
        : JsonSerializer.Serialize(text);

    private static string Comment(string text) => Breaks().Replace(text, " ");

    [GeneratedRegex(@"[^A-Za-z0-9.]+")]
    private static partial Regex NotWord();

    [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9._-]*(?: [A-Za-z0-9._-]+)*\z")]
    private static partial Regex PlainWord();

    [GeneratedRegex(@"^(?:true|false|null|yes|no|on|off|y|n)\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Ambiguous();

    [GeneratedRegex(@"[\p{C}\u2028\u2029]+")]
    private static partial Regex Breaks();
}
