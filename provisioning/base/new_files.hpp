// SPDX-License-Identifier: MIT
// Files for a folder that belongs to somebody else, such as that of a TFTP server or a memory card.
#pragma once

#include "provisioning/base/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace base {

struct NewFile {
    std::string name; ///< one plain word, no path
    std::string text;
};

enum class Readers : std::uint8_t { all, owner };

/// Writes them into the folder, each by rename, so that nobody reads a half. A
/// file that is there and has another content is replaced only with `replace`: it may not be ours,
/// and then none is written. The sentence says what was done; the error what to do.
Result<std::string> write_new_files(const std::string& folder,
                                    const std::vector<NewFile>& files,
                                    Readers readers,
                                    bool replace);

} // namespace base
