#pragma once

namespace keyguard_sim {

// Wine 8.0 keeps the handles of all TLS connections in one table without a lock: connections that begin or end at the
// same moment get one another's keys and fail. Windows has no such limit. This lets winhttp's calls into the table
// happen one at a time; none of them waits for the network. Before InstallRenegotiation, and before the process' first
// https request.
bool SerializeSchannel();

}  // namespace keyguard_sim
