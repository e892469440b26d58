// SPDX-License-Identifier: MIT
// Rows of PINs and of those who tried wrong ones.
#include "provisioning/inventory/pin_rows.hpp"

#include "provisioning/inventory/rows.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace inventory {

using base::Result;
using base::Status;

Status PinRows::prepare() {
    const std::array<std::pair<sql::Statement*, const char*>, 4> statements = {{
        {&put_, "insert into pin (number, digest) values ($1, $2) "
                "on conflict (number) do update set digest = excluded.digest"},
        {&remove_, "delete from pin where number = $1"},
        {&put_failures_, "insert into pin_failure (who, wrong, last) values ($1, $2, $3) "
                         "on conflict (who) do update set wrong = excluded.wrong, "
                         "last = excluded.last"},
        {&forgive_, "delete from pin_failure where who = $1"},
    }};
    for (const auto& [statement, text] : statements) {
        auto prepared = connection_.prepare(text);
        if (!prepared) {
            return tl::unexpected(prepared.error());
        }
        *statement = std::move(*prepared);
    }
    return {};
}

Result<StoredPins> PinRows::load() {
    StoredPins stored;
    auto done =
        each_row(connection_, "select number, digest from pin", [&](const sql::Statement& row) {
            const auto bytes = row.text(1);
            base::Digest256 digest{};
            if (bytes.size() == digest.size()) { // else damaged: it fits nothing
                std::copy(bytes.begin(), bytes.end(), digest.begin());
                stored.digests.emplace(row.text(0), digest);
            }
        });
    if (done) {
        done = each_row(connection_, "select who, wrong, last from pin_failure",
                        [&](const sql::Statement& row) {
                            const auto wrong = row.integer(1);
                            constexpr auto most = std::numeric_limits<unsigned>::max();
                            // Damaged: the most careful.
                            stored.failures[row.text(0)] = {wrong < 0 || wrong > std::int64_t{most}
                                                                ? most
                                                                : static_cast<unsigned>(wrong),
                                                            row.integer(2)};
                        });
    }
    if (!done) {
        return tl::unexpected(done.error());
    }
    return stored;
}

Status PinRows::put(const std::string& number, const base::Digest256& digest) {
    return put_.bind(1, number).bind(2, std::span<const std::uint8_t>(digest)).run();
}

Status PinRows::remove(const std::string& number) {
    return remove_.bind(1, number).run();
}

Status PinRows::put_failures(const std::string& who, const PinFailures& failures) {
    return put_failures_.bind(1, who)
        .bind(2, std::int64_t{failures.wrong})
        .bind(3, failures.last)
        .run();
}

Status PinRows::forgive(const std::string& who) {
    return forgive_.bind(1, who).run();
}

} // namespace inventory
