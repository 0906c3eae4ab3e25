# SPDX-License-Identifier: Apache-2.0
"""What the integration tests start and look at: gateways, targets, clients, terminals. Everything runs on loopback, on
free ports, in a folder of its own, and is ended by its process id."""
