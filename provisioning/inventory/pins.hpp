// SPDX-License-Identifier: MIT
// PINs with which people claim a phone by dialling, and who tried wrong ones.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/mac.hpp"
#include "provisioning/base/result.hpp"
#include "provisioning/base/secret.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace inventory {

class Inventory;
struct StoredPins;

/// From any thread.
class Pins {
  public:
    /// So many wrong ones lock the phone and the extension, for so long: who never tires
    /// tries 240 a day.
    static constexpr unsigned most_wrong = 5;
    static constexpr std::chrono::milliseconds locked_for = std::chrono::minutes(30);
    static constexpr std::size_t fewest_digits = 4;
    static constexpr std::size_t most_digits = 16;

    ~Pins();
    Pins(const Pins&) = delete;
    Pins& operator=(const Pins&) = delete;

    /// 4 to 16 digits. Only a keyed hash of it is kept. Committed with FULL. Blocks.
    base::Status set(const std::string& number, const base::Secret& pin, std::string_view actor);
    /// Nobody claims with this number then. Refused where it has none. Blocks.
    base::Status remove(const std::string& number, std::string_view actor);
    bool has(const std::string& number) const;

    enum class Outcome : std::uint8_t {
        right,
        wrong,      ///< counted, for the phone and for the extension
        locked_now, ///< and that was one too many
        was_locked, ///< not looked at
    };

    /// Somebody dialled this PIN at this phone. An extension without a PIN is as a wrong PIN, for
    /// the phone alone. The right one takes back the extension's count, not the phone's: that ends
    /// when none was wrong for `locked_for`, or by unlock(). The count is committed with FULL
    /// before this returns. Blocks.
    base::Result<Outcome> check(base::Mac mac, const std::string& number, std::string_view pin);

    /// When it may be tried again; nothing where it is not locked.
    std::optional<base::UnixMs> locked_until(base::Mac mac) const;
    std::optional<base::UnixMs> locked_until(const std::string& number) const;

    /// Refused where nothing was counted. Blocks.
    base::Status unlock(base::Mac mac, std::string_view actor);
    base::Status unlock(const std::string& number, std::string_view actor);

  private:
    friend class Inventory;
    explicit Pins(Inventory& inventory);
    void fill(StoredPins stored);
    /// The database's row is gone.
    void forget(const std::string& number);

    struct State;
    std::unique_ptr<State> state_;
};

} // namespace inventory
