// swift-tools-version: 6.2
import PackageDescription

/// What times the libraries from within: a package of its own, so that nobody builds it who does not measure.
let package = Package(
    name: "Benchmarks",
    dependencies: [.package(name: "PICJobs", path: "..")],
    targets: [
        .executableTarget(
            name: "egress-bench", dependencies: [.product(name: "Netfilter", package: "PICJobs")],
            swiftSettings: [
                .swiftLanguageMode(.v6), .treatAllWarnings(as: .error),
                .enableUpcomingFeature("MemberImportVisibility"),
            ])
    ]
)
