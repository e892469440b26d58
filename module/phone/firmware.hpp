// SPDX-License-Identifier: MIT
// A firmware update by HTTP ranges: which version is newer, which bytes come next.
#pragma once

#include "module/phone/fetch.hpp"
#include "provisioning/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace phone {

/// Compares NN.NNN as two numbers (guide §7.2); anything else is not newer.
bool is_newer(std::string_view offered, std::string_view running) noexcept;

class Download {
  public:
    /// Bytes of one request.
    static constexpr std::size_t piece = 256U << 10U;
    static constexpr std::size_t most = 128U << 20U;

    /// What to ask for next, as in FileRequest.
    std::string range() const;

    const std::string& etag() const noexcept { return etag_; }

    /// Takes an answer: true when the file is complete. The error says what the server did wrong.
    base::Result<bool> take(const FileAnswer& answer);

    const std::string& bytes() const noexcept { return bytes_; }

  private:
    std::string bytes_;
    std::string etag_;
    std::optional<std::size_t> total_;
};

} // namespace phone
