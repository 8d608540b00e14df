using TokenFactory.Inference.Onnx;

namespace TokenFactory.Inference.Models;

/// <content>Types and shapes of inputs and outputs, and versions.</content>
internal static partial class OnnxReader
{
    private static (string Domain, long Version) Opset(ProtoReader reader)
    {
        long outer = reader.Enter();
        string domain = "";
        long version = 0;
        for (int field = reader.Next(); field != 0; field = reader.Next())
        {
            switch (field)
            {
                case 1:
                    domain = reader.Text();
                    break;
                case 2:
                    version = reader.Int();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        reader.Leave(outer);
        return (domain, version);
    }

    private static OnnxValue Value(ProtoReader reader)
    {
        long outer = reader.Enter();
        reader.Charge(128);
        string name = "";
        OnnxType type = OnnxType.Undefined;
        List<long?>? shape = null;
        for (int field = reader.Next(); field != 0; field = reader.Next())
        {
            switch (field)
            {
                case 1:
                    name = reader.Text();
                    break;
                case 2:
                    long inType = reader.Enter();
                    for (int kind = reader.Next(); kind != 0; kind = reader.Next())
                    {
                        if (kind == 1)
                        {
                            (type, shape) = TensorType(reader);
                        }
                        else
                        {
                            reader.Skip();
                        }
                    }

                    reader.Leave(inType);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        reader.Leave(outer);
        return new OnnxValue(name, type, shape);
    }

    private static (OnnxType Type, List<long?>? Shape) TensorType(ProtoReader reader)
    {
        long outer = reader.Enter();
        OnnxType type = OnnxType.Undefined;
        List<long?>? shape = null;
        for (int field = reader.Next(); field != 0; field = reader.Next())
        {
            if (field == 1)
            {
                type = (OnnxType)reader.Int();
            }
            else if (field == 2)
            {
                shape = [];
                long inShape = reader.Enter();
                for (int part = reader.Next(); part != 0; part = reader.Next())
                {
                    if (part == 1 && shape.Count < MaximumRank)
                    {
                        shape.Add(Dimension(reader));
                    }
                    else
                    {
                        reader.Skip();
                    }
                }

                reader.Leave(inShape);
            }
            else
            {
                reader.Skip();
            }
        }

        reader.Leave(outer);
        return (type, shape);
    }

    private static long? Dimension(ProtoReader reader)
    {
        long outer = reader.Enter();
        long? value = null;
        for (int field = reader.Next(); field != 0; field = reader.Next())
        {
            if (field == 1)
            {
                value = reader.Int();
            }
            else
            {
                reader.Skip();
            }
        }

        reader.Leave(outer);
        return value;
    }
}
