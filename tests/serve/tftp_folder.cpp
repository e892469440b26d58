// SPDX-License-Identifier: MIT
// tftp_folder ADDRESS NETWORK FOLDER: the product's TFTP server on port 69 for any files, because
// what the product itself gives to everybody fits in one block.
#include "provisioning/base/text.hpp"
#include "provisioning/serve/tftp.hpp"

#include <csignal>
#include <cstdio>

int main(int argc, char** argv) {
    const auto address = argc == 4 ? base::Ipv4::parse(argv[1]) : std::nullopt;
    const auto network = argc == 4 ? base::Network::parse(argv[2]) : std::nullopt;
    if (!address || !network) {
        std::fputs("usage: tftp_folder ADDRESS NETWORK FOLDER\n", stderr);
        return 2;
    }
    sigset_t end{};
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &end, nullptr);
    const std::string folder = argv[3];
    base::Loop loop;
    serve::TftpLimits limits;
    limits.patience.whole = std::chrono::minutes(10); // its files are large
    serve::Tftp tftp(loop, limits, [&](const serve::TftpRequest& request) {
        auto file = base::read_file(folder + "/" + request.name);
        return file ? std::make_shared<const std::string>(std::move(*file)) : nullptr;
    });
    if (const auto errors = tftp.listen({{*address, 69}}, {*network}); !errors.empty()) {
        std::fprintf(stderr, "%s\n", errors[0].what.c_str());
        return 1;
    }
    loop.start();
    int got = 0;
    sigwait(&end, &got);
    loop.stop();
    const auto counted = tftp.counters();
    std::fprintf(stderr, "%llu complete, %llu timed out\n",
                 static_cast<unsigned long long>(counted.complete),
                 static_cast<unsigned long long>(counted.timeouts));
    return 0;
}
