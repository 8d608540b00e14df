using TokenFactory.Measurement.Load;
using Xunit;

namespace TokenFactory.Measurement.Tests.Load;

public sealed class LagProbeTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Samples_come_until_it_is_disposed(bool reading)
    {
        var probe = new LagProbe(reading);
        while (probe.Summarize().Count < 5)
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        LatencySummary lag = probe.Summarize();
        probe.Dispose();
        Assert.True(lag.Minimum > 0 && lag.Maximum < 60);
    }
}
