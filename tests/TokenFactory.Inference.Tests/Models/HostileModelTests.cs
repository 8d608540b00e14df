using System.Globalization;
using TokenFactory.Core;
using TokenFactory.Fuzz;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Onnx;
using TokenFactory.Inference.Text;
using Xunit;

namespace TokenFactory.Inference.Tests.Models;

/// <summary>Hostile folders: one clear error each, no crash, no hang, bounded memory, and no file outside. TOKENFACTORY_FUZZ_COUNT sets how many mutations are tried.</summary>
public sealed class HostileModelTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("tokenfactory-").FullName;

    public static TheoryData<string> Kinds => [.. FuzzKinds.All.Where(k => k.Share > 0).Select(k => k.Name)];

    private static int Count => int.TryParse(Environment.GetEnvironmentVariable("TOKENFACTORY_FUZZ_COUNT"), NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : 3000;

    private string Folder => Path.Combine(_root, "model");

    private string Graph => Path.Combine(Folder, "model.onnx");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Mutated_files_work_or_fail_with_one_of_our_errors(string kind)
    {
        Assert.SkipWhen(kind == "links" && OperatingSystem.IsWindows(), "Links need a right of their own on Windows.");
        var output = new StringWriter();

        // What is fast or slow here depends on the machine's other work; a hang and a flood of memory do not.
        int count = Count * FuzzKinds.All.First(k => k.Name == kind).Share / 100;
        Assert.True(FuzzRun.Run(output, count, workers: 1, kind, limits: new FuzzLimits { SlowSeconds = 20 }), output.ToString());
        Assert.Contains(" worked", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_graph_in_the_file_is_refused()
    {
        Change(model => model.Add(WireField.Of(7, [External("../outside.bin")])));
        Assert.Equal("ModelFolderInvalid", Refusal());
    }

    [Fact]
    public void Weights_whose_names_come_again_are_checked_too()
    {
        File.WriteAllBytes(Path.Combine(_root, "outside.bin"), new byte[4096]);
        Change(model =>
        {
            List<WireField> graph = model.Find(f => f.Number == 7)!.Children!;
            string name = graph.Find(f => f.Number == 5)!.Children!.Find(f => f.Number == 8)!.Text;
            graph.Insert(0, External("../outside.bin", name));
        });
        Assert.Equal("ModelPathOutside", Refusal());
    }

    [Fact]
    public void Attributes_that_come_again_are_refused()
    {
        Change(model =>
        {
            List<WireField> node = model.Find(f => f.Number == 7)!.Children!.First(f => f.Number == 1 && f.Children!.Exists(c => c.Number == 5)).Children!;
            node.Add(node.Find(f => f.Number == 5)!.Copy());
        });
        Assert.Equal("ModelFolderInvalid", Refusal());
    }

    [Theory]
    [InlineData("*/_ORT_MEM_ADDR_/*")]
    [InlineData("../outside.bin")]
    [InlineData("..\\outside.bin")]
    [InlineData("sub/../../outside.bin")]
    [InlineData("/etc/passwd")]
    [InlineData("C:\\Windows\\win.ini")]
    public void External_data_names_files_of_the_folder_alone(string location)
    {
        Change(model => model.Find(f => f.Number == 7)!.Children!.Add(External(location)));
        File.WriteAllBytes(Path.Combine(_root, "outside.bin"), new byte[4096]);
        Directory.CreateDirectory(Path.Combine(Folder, "sub"));
        if (!OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(Path.Combine(Folder, "*", "_ORT_MEM_ADDR_"));
            File.WriteAllBytes(Path.Combine(Folder, "*", "_ORT_MEM_ADDR_", "*"), new byte[4096]);
        }

        Assert.Equal("ModelPathOutside", Refusal());
    }

    [Theory]
    [InlineData(20, 2)]
    [InlineData(3, 40)]
    public void Functions_may_not_multiply(int levels, int fan)
    {
        Change(model =>
        {
            for (int level = 0; level < levels; level++)
            {
                bool last = level == levels - 1;
                model.Add(WireField.Of(25, [WireField.Of(1, $"f{level}"), WireField.Of(4, "x"), WireField.Of(5, "y"), WireField.Of(10, "own"),
                    .. Enumerable.Range(0, fan).Select(_ => WireField.Of(7, [WireField.Of(1, "x"), WireField.Of(2, "y"), WireField.Of(4, last ? "Identity" : $"f{level + 1}"), WireField.Of(7, last ? "" : "own")]))]));
            }

            model.Find(f => f.Number == 7)!.Children!.Add(WireField.Of(1, [WireField.Of(1, "input_ids"), WireField.Of(2, "z"), WireField.Of(4, "f0"), WireField.Of(7, "own")]));
        });
        Assert.Equal("ModelFolderInvalid", Refusal());
    }

    [Fact]
    public void Functions_that_lead_to_themselves_by_another_overload_are_refused()
    {
        Change(model =>
        {
            WireField Function(string overload, string calls) => WireField.Of(25, [WireField.Of(1, "f"), WireField.Of(10, "own"), WireField.Of(13, overload),
                WireField.Of(7, [WireField.Of(1, "x"), WireField.Of(2, "y"), WireField.Of(4, calls), WireField.Of(7, calls == "f" ? "own" : "")])]);
            model.Add(Function("a", "f"));
            model.Add(Function("b", "Identity"));
        });
        Assert.Equal("ModelFolderInvalid", Refusal());
    }

    [Fact]
    public void Operators_may_not_make_something_huge_of_a_few_constants()
    {
        byte[] size = new byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(size, 1L << 33);
        Change(model => model.Find(f => f.Number == 7)!.Children!.AddRange([
            WireField.Of(5, [WireField.Of(1, 1), WireField.Of(2, 7), WireField.Of(8, "size"), WireField.Of(9, size)]),
            WireField.Of(1, [WireField.Of(1, "size"), WireField.Of(2, "huge"), WireField.Of(4, "ConstantOfShape")])]));
        Assert.Equal("ModelFolderInvalid", Refusal());
    }

    [Theory]
    [InlineData("experts.down_proj.qweight", true)]
    [InlineData("experts.gate_up_proj.qweight", true)]
    [InlineData("experts.down_proj.scales", true)]
    [InlineData("experts.down_proj.bias", true)]
    [InlineData("experts.down_proj.scales", false)]
    [InlineData("experts.gate_up_proj.scales", false)]
    public void Experts_whose_weights_do_not_fit_are_refused(string weight, bool turned)
    {
        SyntheticModel.Write(new SyntheticModelOptions { Name = "mixture", Shape = FamilyTests.Families["gptoss"], Precision = ModelPrecision.Int4 }, Folder);
        Assert.Equal("mixture", ModelFolder.Open(Folder).Info.Name);
        List<WireField> model = Wire.Parse(File.ReadAllBytes(Graph)), graph = model.Find(f => f.Number == 7)!.Children!;
        WireField found = graph.First(f => f.Number == 5 && f.Children!.Find(c => c.Number == 8)!.Text.EndsWith(weight, StringComparison.Ordinal));
        List<WireField> fields = found.Children!;
        if (turned)
        {
            int first = fields.FindIndex(f => f.Number == 1), last = fields.FindLastIndex(f => f.Number == 1);
            (fields[first], fields[last]) = (fields[last], fields[first]);
        }
        else
        {
            graph.Remove(found);
        }

        File.WriteAllBytes(Graph, Wire.Write(model));
        Assert.Equal("ModelFolderInvalid", Refusal());
    }

    [Fact]
    public void A_graph_in_a_format_that_nobody_checks_is_refused()
    {
        Write();
        File.Move(Graph, Path.Combine(Folder, "model.ort"));
        string config = Path.Combine(Folder, "genai_config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("model.onnx", "model.ort", StringComparison.Ordinal));
        Assert.Equal("ModelGraphUnsupported", Refusal());
    }

    [Theory]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer_config.json")]
    [InlineData("special_tokens_map.json")]
    [InlineData("chat_template.jinja")]
    public void A_tokenizers_files_are_not_read_through_links_out_of_the_folder(string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a right of their own on Windows.");
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Path.Combine(Folder, "tokenizer.json"), MadeTokenizers.All["wordlevel"]);
        string outside = Path.Combine(_root, name);
        File.WriteAllText(outside, name switch { "tokenizer.json" => MadeTokenizers.All["wordlevel"], "chat_template.jinja" => "{{ 1 }}", _ => "{}" });
        File.Delete(Path.Combine(Folder, name));
        File.CreateSymbolicLink(Path.Combine(Folder, name), outside);
        Assert.Equal("ModelPathOutside", Assert.Throws<ModelFolderException>(() => Tokenizer.Load(Folder)).ErrorId);
        Assert.Equal("ModelPathOutside", Assert.Throws<ModelFolderException>(() => TokenizerCache.Get(Folder)).ErrorId);
    }

    private static WireField External(string location, string name = "hidden") => WireField.Of(5, [WireField.Of(1, 4), WireField.Of(2, 1), WireField.Of(8, name),
        WireField.Of(13, [WireField.Of(1, "location"), WireField.Of(2, location)]), WireField.Of(14, 1)]);

    private void Write() => SyntheticModel.Write(new SyntheticModelOptions { Name = "llama", Shape = FamilyTests.Families["llama"], Precision = ModelPrecision.Fp32 }, Folder);

    private void Change(Action<List<WireField>> change)
    {
        Write();
        List<WireField> model = Wire.Parse(File.ReadAllBytes(Graph));
        change(model);
        File.WriteAllBytes(Graph, Wire.Write(model));
    }

    private string Refusal()
    {
        var failure = Assert.ThrowsAny<TokenFactoryException>(() => ModelFolder.Open(Folder));
        Assert.InRange(failure.Message.Length, 20, 1000);
        return failure.ErrorId;
    }
}
