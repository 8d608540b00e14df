namespace TokenFactory.Core.Tests.Definitions;

/// <summary>A definition that has every section and every way to write a value.</summary>
internal static class FullDefinition
{
    public const string Yaml = """
        factory: gigawatt
        currency: USD
        site:
          power: 1 GW
          pue: 1.15
          energyPrice: 0.07 USD/kWh
          facility: 12 MUSD/MW
          racks: 3500
          spare: N-1
          budget: 40 GUSD
        finance: { lifetime: 5 years, facilityLifetime: 20 years, discountRate: 8 %, utilization: 75 %, staff: 12 MUSD/year }
        hardware:
          - name: rubin
            accelerator: VR200
            allInPower: 2.9 kW
            price: 80 kUSD ± 10 %
            count: 200k
            unit: 72
          - name: own
            accelerator: { name: X1, memory: 192 GB, bandwidth: 8 TB/s, bf16: 2.5 PFLOPS, power: 1 kW }
            rate: { low: 1 USD/h, mode: 1.5 USD/h, high: 3 USD/h }
        models:
          - { name: big, architecture: deepseek-v3, precision: NVFP4 }
          - name: small
            architecture: { layers: 32, hidden: 4096, heads: 32, kvHeads: 8, intermediate: 14336, vocabulary: 128256 }
        tiers:
          - name: premium
            model: big
            hardware: rubin
            context: 400k
            quality: 8.5
            price: { input: 9 USD/Mtok, cachedInput: 0.9 USD/Mtok, output: 45 USD/Mtok }
            workload: { input: 32k, output: 2k, cacheHit: 60 % }
            service: { ttft: 2 s, interactivity: 100 tok/s/user }
            production: { output: 1850 tok/s/accelerator, interactivity: 105 tok/s/user, source: "a run", assumed: true }
            demand: 8 Ttok/day
            growth: 12 %/month
            power: 25 %
          - name: free
            model: small
            price: { output: 0 USD/Mtok }
            workload: chat
            production:
              - { output: 14.8 ktok/s/accelerator, input: 32.2 ktok/s/accelerator, ttft: 300 ms, hardware: own, batch: 64, parallelism: TP8, power: 1.2 kW }
              - { output: 100 tok/s/accelerator to 200 tok/s/accelerator }
            demand: { mean: 1 Ttok/day, min: 100 Gtok/day, max: 2 Ttok/day, peakToMean: 2.5 }
            growth: [ 10000 x/2 years, { low: 50 x/2 years, high: 150 x/2 years } ]
            priceChange: -50 %/year
            power: 0.25
        people:
          - { role: researcher, count: 20, tokens: 50 Mtok/day, tier: premium }
        outlook:
          start: 2027-01-01
          steps: { every: 3 months, count: 12 }
          build: [ { at: 2027-10-01, power: 1 GW }, { at: 2027-01-01, power: 250 MW } ]
          priceChange: -30 %/year
          softwareSpeedup: 1.5 x/year
        accelerators:
          - { name: X2, memory: 1 TB }
        architectures:
          - { name: tiny, parameters: 15M }
        workloads:
          - { name: support, input: 500, output: 100 }
        """;
}
