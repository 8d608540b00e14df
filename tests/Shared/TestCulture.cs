using System.Globalization;
using System.Runtime.CompilerServices;

namespace TokenFactory.TestSupport;

/// <summary>Runs a whole test assembly under the culture that TOKENFACTORY_TEST_CULTURE names.</summary>
internal static class TestCulture
{
    [ModuleInitializer]
    internal static void Apply()
    {
        if (Environment.GetEnvironmentVariable("TOKENFACTORY_TEST_CULTURE") is { Length: > 0 } name)
        {
            CultureInfo culture = CultureInfo.GetCultureInfo(name);
            CultureInfo.DefaultThreadCurrentCulture = culture;
            CultureInfo.DefaultThreadCurrentUICulture = culture;
            CultureInfo.CurrentCulture = culture;
            CultureInfo.CurrentUICulture = culture;
        }
    }
}
