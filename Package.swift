// swift-tools-version: 6.2
import PackageDescription

/// One set of rules for every target of ours: warnings are errors, imports are explicit.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let package = Package(
    name: "PICJobs",
    products: [
        .executable(name: "picjobs", targets: ["PICJobs"]),
        .library(name: "Archive", targets: ["Archive"]),
        .library(name: "Netfilter", targets: ["Netfilter"]),
        .library(name: "Registry", targets: ["Registry"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    ],
    targets: [
        // Bytes: libarchive, zlib, libcrypto and the system calls Swift can't name.
        .systemLibrary(
            name: "CLibArchive", path: "Sources/Archive/CLibArchive", pkgConfig: "libarchive",
            providers: [.apt(["libarchive-dev"])]),
        .systemLibrary(
            name: "CZlib", path: "Sources/Archive/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(
            name: "CCrypto", path: "Sources/Archive/CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .target(name: "CArchive", dependencies: ["CZlib"], path: "Sources/Archive/CArchive"),
        .target(
            name: "Archive",
            dependencies: [
                "CArchive", "CLibArchive", "CZlib", "CCrypto", .product(name: "SystemPackage", package: "swift-system"),
            ],
            exclude: ["CArchive", "CLibArchive", "CZlib", "CCrypto"], swiftSettings: settings),
        // Packets: libmnl and libnftnl.
        .systemLibrary(
            name: "CNetlink", path: "Sources/Netfilter/CNetlink", pkgConfig: "libnftnl",
            providers: [.apt(["libmnl-dev", "libnftnl-dev"])]),
        .target(name: "CNetfilter", path: "Sources/Netfilter/CNetfilter"),
        .target(
            name: "Netfilter",
            dependencies: ["CNetfilter", "CNetlink", .product(name: "SystemPackage", package: "swift-system")],
            exclude: ["CNetfilter", "CNetlink"], swiftSettings: settings),
        // HTTP: libcurl.
        .systemLibrary(
            name: "CCurl", path: "Sources/Web/CCurl", pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"])]),
        .target(name: "Web", dependencies: ["CCurl"], exclude: ["CCurl"], swiftSettings: settings),
        // What is installed.
        .target(
            name: "Registry",
            dependencies: [
                .product(name: "SystemPackage", package: "swift-system"), .product(name: "Yams", package: "Yams"),
            ], swiftSettings: settings),
        // How bytes leave and enter a container.
        .target(name: "CContainers", path: "Sources/Containers/CContainers"),
        .target(
            name: "Containers",
            dependencies: [
                "CContainers", .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ], exclude: ["CContainers"], swiftSettings: settings),
        // The runner: lock, journal, backup, restore.
        .target(
            name: "Runs",
            dependencies: [
                "Archive", "Containers", "Netfilter", "Registry", "Web",
                .product(name: "SystemPackage", package: "swift-system"), .product(name: "Yams", package: "Yams"),
            ], swiftSettings: settings),
        .executableTarget(
            name: "PICJobs",
            dependencies: [
                "Archive", "Containers", "Netfilter", "Registry", "Runs",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: settings),
        .testTarget(
            name: "ArchiveTests",
            dependencies: ["Archive", "TestSupport", .product(name: "SystemPackage", package: "swift-system")],
            exclude: ["Corpus"],
            swiftSettings: settings),
        .testTarget(
            name: "NetfilterTests",
            dependencies: ["Netfilter", "TestSupport", .product(name: "SystemPackage", package: "swift-system")],
            swiftSettings: settings),
        .testTarget(
            name: "RegistryTests",
            dependencies: [
                "Registry", "TestSupport", .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "Yams", package: "Yams"),
            ], swiftSettings: settings),
        .testTarget(
            name: "WebTests",
            dependencies: [
                "TestSupport", "Web", .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ], swiftSettings: settings),
        // What several test targets share: a Docker engine of their own, temporary directories, conditions.
        .target(
            name: "TestSupport",
            dependencies: [
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ], path: "Tests/TestSupport", swiftSettings: settings),
        .testTarget(
            name: "ContainersTests",
            dependencies: [
                "Containers", "TestSupport", .product(name: "SystemPackage", package: "swift-system"),
            ], swiftSettings: settings),
        .testTarget(
            name: "PICJobsTests",
            dependencies: [
                "Archive", "Netfilter", "Runs", "PICJobs", "TestSupport",
                .product(name: "SystemPackage", package: "swift-system"),
            ], swiftSettings: settings),
    ]
)
