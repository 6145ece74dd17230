internal import FoundationEssentials
internal import Web

extension WebResponse {
    /// The text of an answer `{"error": "…"}`, as Caddy and the service API give it; nil for any other.
    var jsonError: String? {
        struct Refusal: Decodable { let error: String }
        do {
            return try JSONDecoder().decode(Refusal.self, from: Data(body)).error
        } catch {
            return nil
        }
    }
}
