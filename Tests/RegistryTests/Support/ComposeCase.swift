import Registry
import SystemPackage
import Testing
import Yams

/// One rendering of a template for a test: a manifest, a made-up cell, secrets and leases as an installation makes them.
struct ComposeCase {
    var manifest: Manifest
    var template: [UInt8]?
    var saved: [String: ConfigValue] = [:]
    var domain: String? = "alice.pic.ngo"

    /// The notes service with another template.
    static func notes(_ template: String?) throws -> ComposeCase {
        ComposeCase(manifest: try Fixture.manifest("notes"), template: template.map { Array($0.utf8) })
    }

    /// The notes service, its container with more lines, and more lines at the top level.
    static func notes(service lines: String, top: String = "") throws -> ComposeCase {
        let inner = lines.split(separator: "\n").map { "    \($0)\n" }.joined()
        return try notes(
            """
            services:
              cell-notes:
                image: git.pic.ngo/roof/pic-notes:latest
                container_name: cell-notes
            \(inner)\(top)
            """)
    }

    /// A fixture with its own template, if it has one.
    static func fixture(_ name: String) throws -> ComposeCase {
        let path = Fixture.services().appending(name).appending("compose-template.yml")
        let template = name == "homepage" ? nil : try Fixture.readAll(path)
        return ComposeCase(
            manifest: try Fixture.manifest(name), template: template,
            saved: name == "email" ? ["domain": .string("example.org")] : [:])
    }

    func rendering() throws -> ComposeRendering {
        let template = try ComposeTemplate(template, for: manifest)
        var secrets = ServiceSecrets()
        var generator = SeededGenerator(4)
        secrets.ensure(template.secretNames, for: manifest.id, using: &generator)
        var leases = AddressLeases()
        try leases.allocate(template.containers(of: manifest), for: manifest.id)
        let cell = try ComposeCell(
            domain: domain, name: "alice", projectDirectory: "/srv/cell",
            gateway: #require(ServiceAddress("172.20.0.9")))
        return ComposeRendering(
            manifest, template, config: try MergedConfig(manifest, saved: saved), secrets: secrets, leases: leases,
            cell: cell)
    }

    /// What the first secret of the notes service is in every rendering, by its name.
    static func secret(_ name: String) -> String {
        var secrets = ServiceSecrets()
        var generator = SeededGenerator(4)
        guard let id = ServiceID("notes") else { return "" }
        secrets.ensure([name], for: id, using: &generator)
        return secrets.secret(name, of: id) ?? ""
    }

    /// The violations, as lines; those of a template that can't be read included.
    func violations() throws -> [String] {
        do {
            return try rendering().violations.map(\.description)
        } catch let error as RegistryError where error.code == .manifest {
            return error.faults.map(\.description)
        }
    }

    /// The text of the file; the policy must be content with it.
    func file() throws -> String {
        String(decoding: try rendering().composeFile(), as: UTF8.self)
    }

    /// The file as another reader of YAML sees it, with what Compose makes of `$$`.
    func readBack() throws -> Tree {
        try Tree(reading: file())
    }
}

/// A YAML document as an independent reader sees it: only kinds, keys and texts.
indirect enum Tree: Equatable {
    case scalar(String)
    case list([Tree])
    case members([String: Tree])

    /// Reads a Compose file, and makes `$$` the `$` it stands for there.
    init(reading yaml: String) throws {
        let node = try Yams.compose(yaml: yaml)
        self.init(try #require(node), undoublingDollars: true)
    }

    private init(_ node: Node, undoublingDollars: Bool) {
        switch node {
        case .scalar(let scalar):
            self = .scalar(undoublingDollars ? scalar.string.undoubled("$") : scalar.string)
        case .sequence(let sequence): self = .list(sequence.map { Tree($0, undoublingDollars: undoublingDollars) })
        case .mapping(let mapping):
            var members: [String: Tree] = [:]
            for (key, value) in mapping {
                members[key.scalar?.string ?? "?"] = Tree(value, undoublingDollars: undoublingDollars)
            }
            self = .members(members)
        case .alias: self = .scalar("alias")
        }
    }

    /// The member or element at the end of the keys.
    subscript(_ keys: String...) -> Tree? {
        var tree: Tree? = self
        for key in keys {
            switch tree {
            case .members(let members)?: tree = members[key]
            case .list(let elements)?: tree = Int(key).map { elements[$0] }
            default: tree = nil
            }
        }
        return tree
    }

    /// The same document without its texts: what must not depend on any value.
    var structure: Tree {
        switch self {
        case .scalar: .scalar("")
        case .list(let elements): .list(elements.map(\.structure))
        case .members(let members): .members(members.mapValues(\.structure))
        }
    }
}

extension String {
    /// The text with every pair of the scalar made one; a combining mark behind it hides none.
    func undoubled(_ mark: Unicode.Scalar) -> String {
        var result = UnicodeScalarView()
        var isOpen = false
        for scalar in unicodeScalars {
            isOpen = scalar == mark && !isOpen
            if scalar != mark || isOpen { result.append(scalar) }
        }
        return String(result)
    }
}
