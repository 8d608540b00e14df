using System.Text.Json;
using TokenFactory.Inference.Text.Pipeline;

namespace TokenFactory.Inference.Text.Reading;

/// <summary>Reads the <c>post_processor</c> of a tokenizer.json.</summary>
internal static class PostProcessorReader
{
    public static PostProcessor Read(JsonElement element)
    {
        string type = element.Required("type").Text("type");
        switch (type)
        {
            case "Sequence":
                PostProcessor all = PostProcessor.None;
                foreach (JsonElement item in element.Required("processors").Items("processors"))
                {
                    all = Read(item).Around(all);
                }

                return all;
            case "ByteLevel":
                return PostProcessor.None;
            case "BertProcessing" or "RobertaProcessing":
                return new PostProcessor([Special(element.Required("cls")), new PostProcessor.Part(null, null), Special(element.Required("sep"))]);
            case "TemplateProcessing":
                return ReadTemplate(element);
            default:
                throw TokenizerException.Unsupported($"the post-processor '{type}'");
        }
    }

    private static PostProcessor.Part Special(JsonElement pair) => pair.ValueKind == JsonValueKind.Array && pair.GetArrayLength() == 2
        ? new PostProcessor.Part(pair[1].Number("id"), pair[0].Text("token"))
        : throw new FormatException("a special token of the post-processor is not a token with its id");

    private static PostProcessor ReadTemplate(JsonElement element)
    {
        JsonElement? specials = element.Field("special_tokens");
        var parts = new List<PostProcessor.Part>();
        foreach (JsonElement item in element.Required("single").Items("single"))
        {
            if (item.Field("Sequence") is { } sequence)
            {
                if (sequence.TextOrNull("id") == "B")
                {
                    throw new FormatException("the template for one text names a second one");
                }

                parts.Add(new PostProcessor.Part(null, null));
                continue;
            }

            string name = item.Required("SpecialToken").Required("id").Text("id");
            JsonElement special = specials?.Field(name) ?? throw new FormatException($"the template names '{name}', which special_tokens lacks");
            string[] tokens = special.Field("tokens") is { } spelled ? [.. spelled.Items("tokens").Select(t => t.Text("tokens"))] : [];
            int index = 0;
            foreach (JsonElement id in special.Required("ids").Items("ids"))
            {
                parts.Add(new PostProcessor.Part(id.Number("ids"), index < tokens.Length ? tokens[index] : name));
                index++;
            }
        }

        return new PostProcessor(parts);
    }
}
