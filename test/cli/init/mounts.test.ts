import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mountPoints } from '../../../src/cli/init/mounts.ts';

interface Line {
  readonly path: string;
  readonly device?: string;
  readonly root?: string;
  readonly type?: string;
  readonly options?: string;
  readonly superOptions?: string;
  readonly fields?: string;
}

const octal = (text: string) =>
  text.replace(/[ \t\n\\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);

const line = ({
  path,
  device = '8:1',
  root = '/',
  type = 'ext4',
  options = 'rw,relatime',
  superOptions = 'rw',
  fields = '',
}: Line) => `36 35 ${device} ${octal(root)} ${octal(path)} ${options}${fields} - ${type} /dev/sda1 ${superOptions}`;

const found = (...lines: readonly Line[]) => mountPoints(`${lines.map(line).join('\n')}\n`);

test('a Debian machine', () => {
  const text = `22 28 0:20 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
23 28 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw
24 28 0:5 / /dev rw,nosuid,relatime shared:2 - devtmpfs udev rw,size=1000k,mode=755
26 28 0:23 / /run rw,nosuid,nodev,noexec,relatime shared:5 - tmpfs tmpfs rw,size=200k,mode=755
28 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw,errors=remount-ro
40 28 8:1 / /boot/efi rw,relatime shared:31 - vfat /dev/sda1 rw,fmask=0077
41 28 8:17 / /srv rw,noatime shared:33 master:1 - xfs /dev/sdb1 rw,attr2
42 28 7:1 / /snap/core/1 ro,nodev,relatime shared:35 - squashfs /dev/loop1 ro
43 28 0:50 / /var/lib/docker/overlay2/x/merged rw,relatime - overlay overlay rw,lowerdir=/a
44 28 0:51 / /mnt/nas rw,relatime shared:60 - nfs4 nas:/export rw,vers=4.2
45 28 8:33 / /media/backup\\040disk rw,relatime shared:61 - ext4 /dev/sdc1 rw
46 28 8:49 / /media/archive ro,relatime shared:62 - ext4 /dev/sdd1 ro
`;
  expect(mountPoints(text)).toEqual(['/', '/media/backup disk', '/srv']);
});

test('a file system that is mounted twice counts once, by what shows most of it', () => {
  expect(found({ path: '/srv/part', root: '/part' }, { path: '/srv' })).toEqual(['/srv']);
  expect(found({ path: '/mnt/longer' }, { path: '/mnt/a' }, { path: '/mnt/b' })).toEqual(['/mnt/a']);
  expect(found({ path: '/home', root: '/@h', type: 'btrfs' }, { path: '/', root: '/@root', type: 'btrfs' })).toEqual([
    '/',
  ]);
});

test('what is hidden by a later mount at the same point does not count', () => {
  expect(found({ path: '/mnt' }, { path: '/mnt', type: 'tmpfs', device: '0:9' })).toEqual([]);
});

test.each([
  { path: '/a', type: 'tmpfs' },
  { path: '/a', type: 'overlay' },
  { path: '/a', type: 'fuse.sshfs' },
  { path: '/a', options: 'ro,relatime' },
  { path: '/a', superOptions: 'ro' },
  { path: '/a*' },
  { path: '/a\nb' },
  { path: '/a\u202eb' },
])('is passed by: %j', (mount) => {
  expect(found(mount)).toEqual([]);
});

const mount = fc.record({
  path: fc.stringMatching(/^\/[a-z \\\t]{0,8}$/),
  device: fc.constantFrom('8:1', '8:2', '0:9'),
  root: fc.constantFrom('/', '/@', '/a b'),
  type: fc.constantFrom('ext4', 'xfs', 'tmpfs', 'overlay', 'proc'),
  options: fc.constantFrom('rw', 'ro', 'rw,ro', 'rw,noatime'),
  fields: fc.constantFrom('', ' shared:1', ' shared:1 master:2'),
});

test('never more than one for a device, each as it was written, in order, and none that was not there', () => {
  fc.assert(
    fc.property(fc.array(mount, { maxLength: 8 }), (mounts) => {
      const points = found(...mounts);
      expect(points).toEqual([...new Set(points)].sort());
      for (const point of points) {
        const last = mounts.findLast(({ path }) => path === point)!;
        expect(['ext4', 'xfs']).toContain(last.type);
        expect(last.options.split(',')).not.toContain('ro');
      }
      const devices = points.map((point) => mounts.findLast(({ path }) => path === point)!.device);
      expect(new Set(devices).size).toBe(devices.length);
    }),
  );
});

test('never throws, whatever the file holds', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void mountPoints(text)));
  expect(mountPoints('')).toEqual([]);
});
