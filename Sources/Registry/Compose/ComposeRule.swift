/// The rules that a service's Compose document must obey after every variable is replaced (guide, sections 3 and 7). The
/// raw value is the rule's id in reports.
public enum ComposeRule: String, Sendable, CaseIterable {
    case syntax = "compose-syntax"
    case variable = "compose-variable"
    case key = "compose-key"
    case value = "compose-value"
    case containers = "compose-containers"
    case image = "compose-image"
    case hostname = "compose-hostname"
    case environment = "compose-environment"
    case network = "compose-network"
    case address = "compose-address"
    case volume = "compose-volume"
    case mount = "compose-mount"
    case bind = "compose-bind"

    /// What must be so, as a sentence.
    public var text: String {
        switch self {
        case .syntax:
            "The template is one YAML document without anchors, aliases, merge keys, tags and keys that stand twice."
        case .variable: "Every ${…} is a variable of the guide that has a value; variables stand in values only."
        case .key: "Only keys that can't reach beyond the container are allowed, at every level."
        case .value: "The value of a key has the form that the key demands."
        case .containers: "The services are exactly the manifest's containers, each with its name as container_name."
        case .image: "An image is git.pic.ngo/roof/NAME with a tag, a sha256 digest, or both."
        case .hostname: "A host name is the container's own name, or a subdomain of the service."
        case .environment: "Every environment variable has a name and a value of its own, and steers no loader or tool."
        case .network: "The only network is the cell's, declared as external."
        case .address:
            "Every container has the address that is leased to it, the gateway as its resolver and no NET_RAW."
        case .volume: "Named volumes are declared at the top level and nothing is said about them there."
        case .mount: "Nothing is mounted over the container's system directories."
        case .bind: "Bind mounts lie in the manifest's config_paths or storage.primary_path, below ${PIC_PROJECT_DIR}."
        }
    }

    /// What to do about a breach.
    public var remedy: String {
        switch self {
        case .syntax: "repair the YAML at the place that is named, and write every value out, once"
        case .variable: "use a variable of the guide, and $$ for a literal $"
        case .key: "remove the key"
        case .value: "give the value the form that is named"
        case .containers: "make containers, services and container_name agree"
        case .image: "push the image to git.pic.ngo/roof and name its tag"
        case .hostname: "remove the key, or use a subdomain that the manifest declares"
        case .environment: "rename the variable, or give it a value"
        case .network: "use cell-network alone"
        case .address: "remove the key, it is added; or write ${SERVICE_IP} for the main container's address"
        case .volume: "declare the volume as \"NAME:\" below the top-level volumes, with nothing behind it"
        case .mount: "mount at another place, such as /data"
        case .bind: "use a named volume, or declare the path in the manifest"
        }
    }
}
