using CsCheck;
using TokenFactory.Core.Catalog;
using TokenFactory.Core.Definitions;
using TokenFactory.TestSupport;
using Xunit;

namespace TokenFactory.Core.Tests.Definitions;

public sealed class FactoryWriterTests
{
    private static readonly FactoryReaderOptions s_options = new() { Catalog = FigureCatalog.BuiltIn };

    private static readonly char[] s_breaks = ['\n', '\r', '\u2028', '\u2029', '\u0085'];

    [Fact]
    public void A_known_accelerator_brings_its_figures()
    {
        FactoryDefinition factory = Draft("gpus", [new("AMD EPYC", false, 1, 512e9, null), new("NVIDIA H100 80GB HBM3", true, 8, 80e9, 700)]);
        HardwareDefinition hardware = Assert.Single(factory.Hardware);
        Assert.Equal(("H100 SXM", 8L, 1730d, 1.30), (hardware.Accelerator!.Name, hardware.Count, hardware.AllInPowerWatts!.Value.Value, hardware.RatePerHour!.Value.Value));
        Assert.False(hardware.Assumed);
    }

    [Fact]
    public void An_unknown_accelerator_is_marked_assumed()
    {
        HardwareDefinition hardware = Assert.Single(Draft("gpu", [new("Contoso Thunder 9", true, 2, 24e9, 300)]).Hardware);
        Assert.Equal((450d, true, 2L), (hardware.AllInPowerWatts!.Value.Value, hardware.Assumed, hardware.Count));
    }

    [Fact]
    public void Whatever_a_device_or_factory_is_called_the_draft_reads()
    {
        Gen<string> name = Gen.OneOf(Gen.String[1, 40].Where(s => s.Trim().Length > 0 && !s.Any(char.IsControl) && !s.Any(char.IsSurrogate)), Gen.OneOf("true", "null", "1e3", "a: b", "- x", "#1", "\"q\"", "x\ny", "on", "ü 中"));
        Gen.Select(name, name, Gen.Bool, Gen.OneOf("USD", "EUR")).SampleRepeatably((factoryName, device, accelerator, currency) =>
        {
            string clean = string.Join(' ', factoryName.Split(s_breaks, StringSplitOptions.None)).Trim();
            if (clean.Length == 0 || clean.Any(c => char.IsWhiteSpace(c) && c != ' ') || clean.Any(c => char.GetUnicodeCategory(c) is System.Globalization.UnicodeCategory.OtherNotAssigned or System.Globalization.UnicodeCategory.Format))
            {
                return;
            }

            string text = FactoryWriter.Draft(clean, [new DeviceFacts(device, accelerator, 1, 1e9, null)], currency, FigureCatalog.BuiltIn);
            Assert.Equal(clean, FactoryReader.Read(text, null, s_options).Name);
        }, iter: 1_000);
    }

    [Fact]
    public void A_file_that_is_there_stays_unless_forced()
    {
        string folder = Directory.CreateTempSubdirectory("tokenfactory-test-").FullName;
        try
        {
            string path = Path.Join(folder, "f.yaml");
            FactoryWriter.WriteFile(path, "one", overwrite: false);
            Assert.Equal("FileExists", Assert.Throws<TokenFactoryException>(() => FactoryWriter.WriteFile(path, "two", overwrite: false)).ErrorId);
            Assert.Equal("one", File.ReadAllText(path));
            FactoryWriter.WriteFile(path, "two", overwrite: true);
            Assert.Equal("two", File.ReadAllText(path));
            Assert.ThrowsAny<IOException>(() => FactoryWriter.WriteFile(Path.Join(folder, "none", "f.yaml"), "x", overwrite: false));
            Assert.Equal([path], Directory.EnumerateFileSystemEntries(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static FactoryDefinition Draft(string name, DeviceFacts[] devices) =>
        FactoryReader.Read(FactoryWriter.Draft(name, devices, "USD", FigureCatalog.BuiltIn), null, s_options);
}
