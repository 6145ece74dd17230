"""What the acceptance scripts share: a report, a private Docker engine, cells on disk, trees and their comparison."""
