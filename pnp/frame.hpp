// SPDX-License-Identifier: MIT
// A datagram cut into start line and header lines, byte for byte, before any parser trusts it.
#pragma once

#include "provisioning/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <vector>

namespace pnp {

/// The SUBSCRIBEs that phones send are 442 to 649 bytes long.
constexpr std::size_t max_datagram = 8192;

/// The headers that are read; compact names (RFC 3261 7.3.3) stand for the same.
enum class Field : std::uint8_t { via, from, to, call_id, cseq, contact, event, user_agent };

struct Line {
    Field field{};
    std::string_view value; ///< trimmed, otherwise as it was sent; never holds a control character
};

/// Views into the datagram, which has to outlive it; a folded value lives in `unfolded`.
struct Frame {
    std::string_view start_line;
    std::vector<Line> lines; ///< in the order of the datagram
    std::list<std::string> unfolded;

    std::size_t count(Field field) const noexcept;
    std::string_view first(Field field) const noexcept; ///< empty when absent
};

/// Refused: more than max_datagram bytes, no blank line behind the headers, a body shorter than
/// Content-Length, a control character in the headers, a line without a colon.
base::Result<Frame> frame(std::string_view datagram);

} // namespace pnp
