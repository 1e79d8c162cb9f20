import { fileURLToPath } from 'node:url';

const CALLBACKS = fileURLToPath(new URL('../../../deploy/ansible/callback_plugins', import.meta.url));

/** Where Ansible keeps what it needs for one start. */
export interface AnsibleFolders {
  /** Temporary files of the controller. */
  readonly temporary: string;
  /** Sockets of connections that ssh shares. */
  readonly connections: string;
  /** Where our callback plugin writes. */
  readonly events: string;
}

/**
 * What is set for every start of Ansible, over its configuration files: plain output that is the same everywhere, host
 * keys checked, and nothing written outside of folders of our own. Connections of ssh are shared within one start only:
 * ending them must not cut those of another.
 */
export function ansibleEnvironment({ temporary, connections, events }: AnsibleFolders): Record<string, string> {
  return {
    ANSIBLE_CALLBACKS_ENABLED: 'forestall',
    ANSIBLE_CALLBACK_PLUGINS: CALLBACKS,
    ANSIBLE_CHECK_MODE_MARKERS: 'True',
    ANSIBLE_HOST_KEY_CHECKING: 'True',
    ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED: 'True',
    ANSIBLE_LOCAL_TEMP: temporary,
    ANSIBLE_NOCOLOR: '1',
    ANSIBLE_NOCOWS: '1',
    ANSIBLE_RETRY_FILES_ENABLED: 'False',
    ANSIBLE_SSH_CONTROL_PATH_DIR: connections,
    ANSIBLE_STDOUT_CALLBACK: 'default',
    FORESTALL_ANSIBLE_EVENTS: events,
    PYTHONDONTWRITEBYTECODE: '1',
  };
}
