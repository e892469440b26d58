// SPDX-License-Identifier: MIT
// Which file a request gets: penalties, gate, chain, render; everything else is one and the same
// 404.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/inventory/inventory.hpp"
#include "provisioning/serve/boot.hpp"
#include "provisioning/serve/diary.hpp"
#include "provisioning/serve/file_settings.hpp"
#include "provisioning/serve/http.hpp"
#include "provisioning/serve/modified.hpp"
#include "provisioning/serve/penalties.hpp"
#include "provisioning/serve/recipe.hpp"
#include "provisioning/serve/upgrades.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace serve {

class Files {
  public:
    /// Whom the door asks; an empty function knows nothing. From any thread, and blocking only
    /// where it says so.
    struct Reach {
        Accounts accounts; ///< may block
        Gate::Neighbour neighbour = {};
        Boot::Registered registered = {}; ///< empty where no registrations are seen
        Boot::MayBeGuest may_be_guest = {};
        DigitMaps digit_maps = {}; ///< may block
    };

    Files(inventory::Inventory& inventory, const base::Clock& clock, Reach reach);

    void settings(FileSettings settings);         ///< from any thread
    void surroundings(Surroundings surroundings); ///< from any thread

    /// 200 with the file, or the 404 that is the same byte for byte for a name outside the chain,
    /// an unknown, pending, blocked or unassigned device, a wrong, spent or another device's token,
    /// a source outside and a wrong neighbour. What happened goes to the timeline where the device
    /// is known. Beside them 401, for every name of a chain that was asked for without a login
    /// where profiles want one, and 503, when the disk does not take what has to be remembered.
    /// From any thread; blocks as long as the accounts and the disk do.
    Response answer(const Request& request);

    /// The same for a phone that has its configuration and asks for what was made for it before, as
    /// it does at each start. Nothing: ask answer(); nothing was done. From any thread; blocks only
    /// where the accounts do.
    std::optional<Response> at_hand(const Request& request);

    /// What TFTP gives for a name in its root: 200 for what fresh phones ask for, the same for
    /// everybody, or a 404. From any thread; does not block.
    Response by_tftp(const Request& request);

    struct PublicFile {
        std::string name;
        std::string text;
    };

    /// What by_tftp gives to everybody, with `host` as our address, for a server that others run.
    base::Result<std::vector<PublicFile>> public_files(base::Ipv4 host) const;

    /// For a memory card: an approved phone's own URL, and no secret of the PBX. Refused where its
    /// phones read none.
    base::Result<PublicFile> card_file(base::Mac mac, base::Ipv4 host) const;

    /// Whose token its URL or its login holds, where that opens something for who asks: a hash and
    /// some look-ups. From any thread, and never blocks.
    std::optional<base::Mac> phone_of(const Request& request) const;

    /// The file as the phone would get it now, for `render MAC FILENAME`; without `reveal` every
    /// password and the token read ********. `host` is our address on the phone's network. From any
    /// thread where `accounts` may be called.
    base::Result<std::string>
    render(base::Mac mac, const std::string& name, base::Ipv4 host, bool reveal) const;

    /// How far the roll-out of firmware is. From any thread; blocks as long as the disk does.
    std::vector<Upgrades::Row> firmware() const { return upgrades_.list(*settings()); }

    /// Every few seconds, on a worker: who may be told to look for firmware now.
    std::vector<base::Mac> look_after_firmware();

    /// One of these could not be told. From any thread.
    void not_told_of_firmware(base::Mac mac) { upgrades_.not_called(mac); }

    /// An administrator wants a phone's firmware tried again. From any thread.
    void try_firmware_again(base::Mac mac) { upgrades_.forgive(mac); }

    FileCounters counters() const; ///< from any thread

    /// Who is slowed or shut out: sources by their address, phones by what is guessed about them.
    struct Penalty {
        std::string who;
        Penalties::Row row;
    };

    std::vector<Penalty> penalties() const; ///< from any thread
    /// How many are slowed, and how many shut out.
    static std::pair<std::size_t, std::size_t> count(const std::vector<Penalty>& penalties);

  private:
    std::shared_ptr<const FileSettings> settings() const;
    std::shared_ptr<const Surroundings> surroundings() const;

    Outcome open(const Request& request, const Asked& asked);
    Outcome by_credential(const Request& request,
                          const Asked& asked,
                          const Gate& gate,
                          const FileSettings& with);
    Outcome serve(const Request& request,
                  const Asked& asked,
                  const Admitted& admitted,
                  const FileSettings& with);
    Outcome refuse(const Request& request, base::Mac mac, std::string_view why);
    Outcome hand_out(const Request& request,
                     const Asked& asked,
                     const Admitted& admitted,
                     const FileSettings& with,
                     bool is_last,
                     Response response);
    void handed_out(const Request& request,
                    const Asked& asked,
                    const Admitted& admitted,
                    const FileSettings& with,
                    bool is_last);
    Response response_with(base::Mac mac, const profile::ChainStep& step, profile::Made file);
    void came_to_have(const Request& request,
                      const Asked& asked,
                      const inventory::Device& device,
                      bool is_steady,
                      bool is_last);
    void tell_of_twins(const Request& request,
                       const inventory::Device& device,
                       const FileSettings& with);
    bool is_slowed(base::Ipv4 source, std::optional<base::Mac> about);
    static std::optional<base::Mac>
    fresh_phone_at(base::Ipv4 source, const Gate& gate, const FileSettings& with);
    void punish(const Request& request, std::optional<base::Mac> about, Penalties& sources);
    static bool wants_login(const Asked& asked, const FileSettings& with);

    inventory::Inventory& inventory_;
    const base::Clock& clock_;
    const Reach reach_;
    Diary diary_;
    Boot boot_;
    Upgrades upgrades_;
    Modified modified_;
    Penalties sources_;
    Penalties tftp_sources_; ///< of their own: a made-up sender must not shut the other doors
    Penalties phones_;

    mutable std::mutex lock_; ///< of what follows
    std::shared_ptr<const FileSettings> settings_;
    std::shared_ptr<const Surroundings> surroundings_;
    base::Lru<base::Mac, base::UnixMs> twins_{1000}; ///< when it was told of them
};

} // namespace serve
