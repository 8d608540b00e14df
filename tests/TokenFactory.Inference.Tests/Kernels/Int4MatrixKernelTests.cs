using TokenFactory.Inference.Kernels;
using Xunit;

namespace TokenFactory.Inference.Tests.Kernels;

/// <summary>The kernels against a plain product in double precision, and against themselves in other company.</summary>
public abstract class Int4MatrixKernelTests(bool narrow)
{
    public static TheoryData<int, int, int, bool> Shapes() => new()
    {
        // inner, outer, block size, zero points: whole groups and parts of one, columns that do not fill four, more than 16 blocks.
        { 128, 4, 32, false },
        { 32, 1, 32, false },
        { 64, 7, 32, true },
        { 96, 5, 32, true },
        { 576, 33, 32, false },
        { 576, 33, 32, true },
        { 1056, 10, 32, true },
        { 64, 3, 64, true },
        { 192, 6, 64, false },
        { 2112, 9, 64, true },
        { 128, 3, 128, true },
        { 384, 17, 128, false },
        { 2432, 5, 128, true },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_product_is_that_of_the_quantized_activations(int inner, int outer, int blockSize, bool zeroPoints)
    {
        RequireKernel();
        using Int4Product product = Product(inner, outer, blockSize, zeroPoints, rows: 7);
        float[] bias = [.. Enumerable.Range(0, outer).Select(i => i / 10f)];

        float[] actual = product.Multiply(0, 7, 0, outer, bias);

        for (int row = 0; row < 7; row++)
        {
            for (int column = 0; column < outer; column++)
            {
                (double expected, double magnitude) = product.Expected(row, column);
                Assert.Equal(expected + bias[column], actual[(row * outer) + column], 1e-5 * (magnitude + bias[column] + 1e-3));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void An_element_is_the_same_to_the_last_bit_whatever_is_computed_beside_it(int inner, int outer, int blockSize, bool zeroPoints)
    {
        RequireKernel();
        const int Rows = 11;
        using Int4Product product = Product(inner, outer, blockSize, zeroPoints, Rows);
        float[] all = product.Multiply(0, Rows, 0, outer, null);
        var random = new Random(5);
        for (int i = 0; i < 20; i++)
        {
            int row = random.Next(Rows), rows = random.Next(1, Rows - row + 1), column = random.Next(outer), columns = random.Next(1, outer - column + 1);

            float[] some = product.Multiply(row, rows, column, columns, null);

            for (int r = row; r < row + rows; r++)
            {
                for (int c = column; c < column + columns; c++)
                {
                    Assert.Equal(BitConverter.SingleToInt32Bits(all[(r * outer) + c]), BitConverter.SingleToInt32Bits(some[(r * outer) + c]));
                }
            }
        }
    }

    [Fact]
    public void Nothing_is_written_beside_the_columns_asked_for()
    {
        RequireKernel();
        using Int4Product product = Product(64, 10, 32, zeroPoints: false, rows: 5);

        float[] some = product.Multiply(1, 3, 3, 5, null);

        for (int row = 0; row < 5; row++)
        {
            for (int column = 0; column < 10; column++)
            {
                Assert.Equal(row is >= 1 and < 4 && column is >= 3 and < 8, !float.IsNaN(some[(row * 10) + column]));
            }
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void What_is_not_finite_spoils_its_own_row_alone(float value)
    {
        RequireKernel();
        using Int4Product product = Product(96, 6, 32, zeroPoints: true, rows: 6, (row, i) => row == 2 && i == 50 ? value : 0.5f + i);

        float[] all = product.Multiply(0, 6, 0, 6, null);

        for (int i = 0; i < all.Length; i++)
        {
            Assert.Equal(i / 6 == 2, float.IsNaN(all[i]));
        }
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(1e-38f)]
    [InlineData(1e-45f)]
    [InlineData(1e30f)]
    public void Extreme_activations_give_finite_products(float value)
    {
        RequireKernel();
        using Int4Product product = Product(64, 4, 32, zeroPoints: false, rows: 1, (_, _) => value);

        float[] all = product.Multiply(0, 1, 0, 4, null);

        for (int column = 0; column < 4; column++)
        {
            (double expected, double magnitude) = product.Expected(0, column);
            Assert.Equal(expected, all[column], 1e-5 * magnitude);
        }
    }

    [Theory]
    [InlineData(100, 4, 32)]
    [InlineData(64, 4, 16)]
    [InlineData(0, 4, 32)]
    [InlineData(64, 0, 32)]
    public void Other_shapes_are_left_to_others(int inner, int outer, int blockSize) => Assert.False(Int4MatrixKernel.CanRun(inner, outer, blockSize));

    private Int4Product Product(int inner, int outer, int blockSize, bool zeroPoints, int rows, Func<int, int, float>? activation = null) =>
        new(inner, outer, blockSize, zeroPoints, rows, activation, narrow);

    private void RequireKernel() => Assert.SkipUnless(
        narrow ? Int4MatrixKernel.IsSupportedBy256 : Int4MatrixKernel.IsSupportedBy512,
        narrow ? "This processor has no AVX2, which the kernel needs." : "This processor has no AVX-512 (BW), which the kernel needs.");
}

/// <summary>The kernel with 512-bit vectors.</summary>
public sealed class Avx512Int4Tests() : Int4MatrixKernelTests(narrow: false);

/// <summary>The kernel with 256-bit vectors.</summary>
public sealed class Avx2Int4Tests() : Int4MatrixKernelTests(narrow: true);
