// SPDX-License-Identifier: MIT
// Keeps HTTPS in certificates: the administrator's, or ours, made again when addresses change or
// the end comes near.
#pragma once

#include "provisioning/admin/commands.hpp"
#include "provisioning/base/loop.hpp"
#include "provisioning/serve/tls.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace engine {

/// Lives on the loop thread, and computes on workers; what consoles ask may be called from any.
class Https {
  public:
    /// What phones of the Workpoint Interface are spoken with.
    enum class Workpoints : std::uint8_t { none, modern, legacy };

    struct Wanted {
        std::string certificate_file; ///< of the administrator; empty: ours
        std::string key_file;
        std::vector<base::Ipv4> addresses;
        Workpoints workpoints = Workpoints::none;

        bool operator==(const Wanted&) const = default;
    };

    /// One certificate, for two kinds of clients.
    struct Contexts {
        std::shared_ptr<const serve::TlsContext> files;
        std::shared_ptr<const serve::TlsContext> workpoints; ///< null where none are wanted
    };

    using Ready = std::function<void(const Contexts&)>;

    /// The CA lies in `folder`. `ready` is told of each new certificate, on the loop thread.
    Https(base::Loop& loop, const base::Clock& clock, std::string folder, Ready ready);

    /// Does nothing where what there is will do. `again`: the files may have changed.
    void want(Wanted wanted, bool again = false);
    void look_at_the_clock(); ///< now and then

    /// What `want` would refuse of the files, for whoever waits for an answer.
    static base::Status check(const Wanted& wanted, base::UnixMs now);

    std::optional<std::string> problem() const;
    base::Result<admin::Reach::Certificate> certificate() const;
    base::Result<std::string> authority() const; ///< PEM

  private:
    struct Made {
        Contexts contexts;
        Workpoints workpoints = Workpoints::none;
        serve::CertificateFacts facts;
        std::string authority; ///< PEM; empty where the certificate is not ours
        base::UnixMs authority_begins = 0;
        std::string file; ///< of the administrator; empty where it is ours
    };

    static base::Result<Made>
    make(const Wanted& wanted, const std::string& folder, base::UnixMs now);
    bool will_do(const Wanted& wanted) const;
    tl::unexpected<base::Error> none_yet() const;
    void make();
    void made(base::Result<Made> result);

    base::Loop& loop_;
    const base::Clock& clock_;
    const std::string folder_;
    Ready ready_;
    Wanted wanted_;
    bool making_ = false;
    bool again_ = false; // once more, when the worker is done

    mutable std::mutex lock_; // guards what follows
    std::optional<Made> made_;
    std::optional<std::string> problem_;
};

} // namespace engine
