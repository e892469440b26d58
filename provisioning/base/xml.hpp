// SPDX-License-Identifier: MIT
// XML by libxml2, with everything off that a stranger could use: no DTD, no entities, no network.
#pragma once

#include "provisioning/base/result.hpp"

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace base {

struct XmlNode {
    std::string name;
    std::vector<std::pair<std::string, std::string>> attributes;
    std::string text; ///< the character data directly inside, joined
    std::vector<XmlNode> children;
    int line = 0;

    const XmlNode* child(std::string_view wanted) const noexcept;
    std::string_view attribute(std::string_view wanted) const noexcept; ///< empty when absent
};

/// What a document may have at most; all of it is looked at before libxml2 sees a byte.
struct XmlLimits {
    std::size_t bytes = 1U << 20U;
    std::size_t depth = 64; ///< elements in each other
    /// A tree takes some hundred bytes for each of them, and a document only four.
    std::size_t elements = std::numeric_limits<std::size_t>::max();
};

/// Parses a whole document. Refused: a DOCTYPE, and what is above a limit (the size is looked at
/// first). Errors carry line and column.
Result<XmlNode> parse_xml(std::string_view text, const XmlLimits& limits = {});

/// Text made safe for element content and for a quoted attribute. Characters XML 1.0 does not allow
/// become U+FFFD.
std::string escape_xml(std::string_view text);

} // namespace base
