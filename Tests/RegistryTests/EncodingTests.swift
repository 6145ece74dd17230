import FoundationEssentials
import Registry
import Testing

@Suite("Manifests written as JSON")
struct EncodingTests {
    @Test("an encoded manifest reads back equal", arguments: Fixture.names)
    func roundTrip(_ name: String) throws {
        let manifest = try Fixture.manifest(name)
        let bytes = try Array(JSONEncoder().encode(manifest))
        // An encoder of dictionaries keeps no order, so the order of the settings form is compared by key.
        let again = try Manifest(parsing: bytes, file: name, directory: manifest.id)
        #expect(Set(again.configSchema.fields.map(\.key)) == Set(manifest.configSchema.fields.map(\.key)))
        for field in manifest.configSchema.fields { #expect(again.configSchema[field.key] == field) }
        if manifest.configSchema.fields.count < 2 { #expect(again == manifest) }
        #expect(again.backup == manifest.backup)
        #expect(again.iptablesRules == manifest.iptablesRules)
    }
}
