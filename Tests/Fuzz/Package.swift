// swift-tools-version: 6.2
import PackageDescription

/// Fuzz targets: a package of their own, because every module in them is built with `--sanitize fuzzer`.
/// libFuzzer, from the toolchain's compiler-rt, brings `main`; a target is one `LLVMFuzzerTestOneInput`.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .unsafeFlags(["-parse-as-library"]),
]

let package = Package(
    name: "Fuzz",
    dependencies: [.package(name: "PICJobs", path: "../..")],
    targets: [
        .target(name: "FuzzInput", swiftSettings: settings),
        .executableTarget(
            name: "FuzzTar", dependencies: ["FuzzInput", .product(name: "Archive", package: "PICJobs")],
            swiftSettings: settings),
        .executableTarget(
            name: "FuzzGzip", dependencies: ["FuzzInput", .product(name: "Archive", package: "PICJobs")],
            swiftSettings: settings),
        .executableTarget(
            name: "FuzzZip", dependencies: [.product(name: "Archive", package: "PICJobs")], swiftSettings: settings),
    ]
)
