// SPDX-License-Identifier: MIT
// Finds or makes the key of a database, proves that it fits, and seals what lies there in the open.
#pragma once

#include "provisioning/base/seal.hpp"
#include "provisioning/inventory/sql/connection.hpp"

#include <span>
#include <string>
#include <string_view>

namespace inventory {

/// For a database that is up to date, before statements are prepared on it. What an older version
/// left in the open is sealed, and no copy of it stays in the file or its log. `database`: its
/// path, for messages.
base::Result<base::Sealer>
unlock(sql::Connection& connection, const std::string& database, const std::string& key_file);

/// What a sealed value belongs to.
std::string place_of_password(std::string_view number);
inline constexpr std::string_view place_of_token_key = "meta/token_key";

/// Blobs are bytes.
std::span<const std::uint8_t> as_blob(std::string_view text) noexcept;

} // namespace inventory
